"""A look at a query's text before the engine sees it (level 2): its form, and what must not reach the engine.

The engine overflows its stack on deep or long syntax, and sends requests for SERVICE and LOAD by itself; neither can be
switched off. So this scanner cuts the text as the engine does, once, from left to right, and where the engine could cut
it in two ways, the text is refused: a SERVICE must not hide in the other one.
"""

import re
from functools import cached_property
from typing import Final

from kg.errors import QueryRefused, QuerySyntaxError, QueryTooComplex
from kg.formats import Family
from kg.sparql.services import ServiceClause, ServiceReader
from kg.sparql.tokens import IRI, PROLOGUE, TOKEN

MAX_TOKENS: Final = 500_000  # half a second of scanning; 1 MiB of the queries here has 150,000

_HEAD: Final = re.compile(PROLOGUE + r"(?P<form>SELECT|ASK|CONSTRUCT|DESCRIBE)", re.VERBOSE | re.IGNORECASE)
_FAMILIES: Final = {
    "select": Family.SOLUTIONS,
    "ask": Family.BOOLEAN,
    "construct": Family.GRAPH,
    "describe": Family.GRAPH,
}
_OPERANDS: Final = frozenset(
    ("variable", "name", "iri", "long", "short", "number", "blank", "language", "close")
)  # kinds of tokens after which `<` may mean "less than"
_EXPRESSIONS: Final = ("expression", "aggregate")  # what ( opens after a word, and inside of these
_OPENERS: Final = {")": ("(", "row", *_EXPRESSIONS), "]": ("[",), "}": ("{", "rows"), "|}": ("{",), ">>": ("<<",)}
_PLAIN_WORDS: Final = frozenset(("a", "true", "false", "undef"))  # bare words that are terms: lists are full of them
_AGGREGATES: Final = frozenset(("count", "sum", "min", "max", "avg", "sample", "group_concat"))
_COMPARING: Final = (["("], *([kind] for kind in _EXPRESSIONS))
_LITERALS: Final = frozenset(("long", "short", "number"))
_BEFORE_A_GRAPH_NAME: Final = frozenset(("graph", "from", "named", "describe"))
_COMMENT_OR_STRING: Final = re.compile(r"[#']")
_NOT_IN_EVERY_IRI: Final = re.compile(r"[\ufff0-\uffff]|\\[#%]")  # though names may hold them (RFC 3987, section 2.2)
# IRIs of prefixes to which any name can be added: an address that has ended, no slash at all, or a plain relative one.
# Where there is a BASE, the address must end with a slash, since a relative IRI takes off what comes after it.
_SAFE_FORM: Final = r"[A-Za-z][A-Za-z0-9+.\-]*:(?://[^/?#<\\]+%s[^<\\]*|[^/<\\]*)|(?![^/?#]*:)(?:(?!//)[^<\\])*"
_SAFE: Final = re.compile(_SAFE_FORM % "[/?#]")
_SAFE_BESIDE_BASE: Final = re.compile(_SAFE_FORM % "/")


def inspect(text: str, *, max_nesting: int, max_operators: int, allows_service: bool = False) -> Family | None:
    """The family that the query's form asks for; None if `text` begins with none of the four forms.

    Text that is no SPARQL passes as soon as that is certain: the engine says best what is wrong with it.
    `max_nesting` counts brackets that are open, and `!` in a row; `max_operators` counts keywords, functions,
    operators, groups, and what DESCRIBE lists. With `allows_service` a SERVICE passes that is written in full; whom it
    asks is not looked at here.

    Raises:
        QueryTooComplex: the query is nested deeper, or has more operators.
        QueryRefused: it asks for SERVICE or LOAD, or can be read in two ways.
        QuerySyntaxError: it breaks a rule that the engine does not keep; others are left to the engine.
    """
    family, _ = _scan(text, max_nesting, max_operators, ServiceReader() if allows_service else None)
    return family


def find_services(text: str, *, max_nesting: int, max_operators: int) -> tuple[ServiceClause, ...]:
    """The SERVICE clauses of a query that stand in no other, in their order; none if it is certain to be no SPARQL.

    Raises:
        QueryError: as `inspect` with `allows_service`.
    """
    reader = ServiceReader()
    _, is_whole = _scan(text, max_nesting, max_operators, reader)
    return tuple(reader.clauses) if is_whole else ()


def without_services(text: str) -> str:
    """`text` with plain groups where its SERVICE clauses stand: it has their variables, and asks nobody.

    Raises:
        QueryError: as `inspect` with `allows_service`; the text is the operator's, of any depth.
    """
    if "service" not in text.lower():
        return text
    found = list(find_services(text, max_nesting=MAX_TOKENS, max_operators=MAX_TOKENS))
    clauses = []
    while found:
        clause = found.pop()
        clauses.append(clause)
        found.extend(clause.inner)
    for clause in sorted(clauses, key=lambda clause: clause.start, reverse=True):
        text = text[: clause.start] + text[clause.group :]
    return text


def _scan(
    text: str, max_nesting: int, max_operators: int, services: ServiceReader | None
) -> tuple[Family | None, bool]:
    """One pass over `text`, which hands its SERVICE clauses to `services`, or refuses them if that is None.

    Returns the family of the form, and whether all of the text was read, and no bracket is missing.
    """
    head = _HEAD.match(text)
    form = head["form"].lower() if head else ""
    prologue = head[0] if head else ""
    scan = _Scan(text, prologue, max_nesting, max_operators, services, lists_terms=form == "describe")
    return _FAMILIES.get(form), scan.run() and not scan.brackets


class _Scan:
    """One pass over a text; it ends with the text, or where the engine finds a syntax error for certain."""

    def __init__(
        self,
        text: str,
        prologue: str,
        max_nesting: int,
        max_operators: int,
        services: ServiceReader | None,
        *,
        lists_terms: bool,
    ) -> None:
        self.text = text
        self.services = services
        self.prologue = prologue
        self.max_nesting = max_nesting
        self.max_operators = max_operators
        self.has_service = "service" in text.lower()
        self.operators = 0
        self.brackets: list[str] = []  # what is open: [ { << and the rows of VALUES; ( by what it holds
        self.is_broken = False  # a bracket closes what was not opened
        self.bangs = 0  # how many ! stand in a row
        self.lists_terms = lists_terms  # between DESCRIBE and its pattern
        self.heads_rows = False  # between VALUES and the { of its rows
        self.kind, self.found, self.start, self.end = "", "", 0, 0  # the token that is looked at
        self.previous, self.before = ("", ""), ("", "")  # kind and text of the last token, and of the one before

    def run(self) -> bool:
        """Look at each token; False if the rest of the text was left unread."""
        takers = {
            "name": self._take_name,
            "iri": self._take_iri,
            "short": self._take_string,
            "open": self._take_opener,
            "close": self._take_closer,
            "operator": self._take_operator,
        }
        position = tokens = 0
        while position < len(self.text):
            match = TOKEN.match(self.text, position)
            if match is None:
                return False
            position = match.end()
            kind = match.lastgroup or ""
            if kind == "space":
                continue
            tokens += 1
            if tokens > MAX_TOKENS:
                raise QueryTooComplex(f"the query has more than {MAX_TOKENS} tokens; ask in several queries")
            text = match[0]
            if self.previous[1] == "(" and self.before[1] == "<<":
                self._check_triple_subject(kind, text, match.start())
            take = takers.get(kind)
            if take:
                self.kind, self.found, self.start, self.end = kind, text, match.start(), position
                take()
                kind, text, position = self.kind, self.found, self.end
            if self.services is not None:
                self.start = match.start()
                self._follow_service(self.services, kind, text)
            self.before, self.previous = self.previous, (kind, text)
        return not self.is_broken

    def _take_name(self) -> None:
        """A prefixed name, or bare words: keywords, functions, and terms such as `true`."""
        _, colon, local = self.found.partition(":")
        if colon:
            if self.has_service and "service" in local.lower() and self._may_fall_apart(local):
                raise self._ambiguity("a name whose prefix ends in the middle of an address, before SERVICE")
            if self.lists_terms:
                self._count()
            return
        words = self.found.lower().split(".")
        if any("service" in word or word.startswith("load") for word in words):
            if self.services is None or words != ["service"]:
                raise self._refusal()
        elif self.services is not None and self.has_service and any("lateral" in word for word in words):
            raise QueryRefused(f"{self._place()}: SERVICE beside LATERAL is refused; nothing was sent")
        if len(words) > 1 or words[0] not in _PLAIN_WORDS:
            self._count(len(words))
        self.heads_rows = self.heads_rows or self.found.lower() == "values"

    def _follow_service(self, services: ServiceReader, kind: str, text: str) -> None:
        """Let `services` see the token that was looked at."""
        if kind == "name" and text.lower() == "service":
            services.begin(self.start)
        elif not services.take(kind, text, self.start, len(self.brackets)):
            raise QueryRefused(
                f"{self._place()}: write SERVICE or SERVICE SILENT, then the IRI of the endpoint, then a group {{ … }}"
            )

    def _take_iri(self) -> None:
        """An IRI, or "less than" and what it is compared with; the engine decides by what it has read before."""
        if self.lists_terms:
            self._count()
        if self._may_compare() and not self._is_certainly_iri(self.found):
            self._check_longest_token()
            self.kind, self.found, self.end = "operator", "<", self.start + 1
            self._count()

    def _take_string(self) -> None:
        """A short string; an empty one before a third quote is a long one that does not end, or two strings."""
        if self.end - self.start == 2 and self.text.startswith(self.found[0], self.end):
            raise self._ambiguity("three quotes that begin no valid long string")

    def _take_opener(self) -> None:
        inside_rows = self.brackets[-1:] == ["rows"]
        if self.found == "<<" and self._may_compare():
            self._take_double_angle()
            return
        if self.found in ("{", "{|"):
            self._check_name_before_group()
            self.brackets.append("rows" if self.heads_rows else "{")
            self.heads_rows = self.lists_terms = False
        elif self.found == "(":
            self.brackets.append("row" if inside_rows else self._kind_of_parenthesis())
        else:
            self.brackets.append(self.found)
        if not inside_rows and self.found != "[":
            self._count()
        self._check_nesting()

    def _take_double_angle(self) -> None:
        """`<<` after an operand: "less than" and an IRI, or a triple in a list."""
        compared = IRI.match(self.text, self.start + 1)
        if compared:
            self._is_certainly_iri(compared[0])
        self.kind, self.found, self.end = "operator", "<", self.start + 1
        self._count()

    def _take_closer(self) -> None:
        if self.brackets and self.brackets[-1] in _OPENERS[self.found]:
            self.brackets.pop()
        elif self.found == ">>":
            self._count()
        else:
            self.is_broken = True
            self.end = len(self.text)  # brackets that do not match are a syntax error

    def _take_operator(self) -> None:
        self._count()
        if self.found == "!":
            self.bangs = self.bangs + 1 if self.previous[1] == "!" else 1
            self._check_nesting()

    def _kind_of_parenthesis(self) -> str:
        """What the ( that is looked at opens: an expression, the argument of an aggregate, or else "(".

        Raises:
            QuerySyntaxError: an aggregate inside of another, which SPARQL 1.2 rules out and nobody could evaluate.
        """
        kind, text = self.previous
        word = text.lower().rpartition(".")[2] if kind == "name" and ":" not in text else ""
        if word in _AGGREGATES:
            if self._is_inside("aggregate"):
                raise self._syntax_error(f"{word.upper()} stands inside of another aggregate; use a sub-select")
            return "aggregate"
        is_expression = (bool(word) and word not in _PLAIN_WORDS) or self.brackets[-1:] in _COMPARING[1:]
        return "expression" if is_expression else "("

    def _check_longest_token(self) -> None:
        """`?a<?b&&?c>?d` in an expression: the engine compares, but the longest token is an IRI (section 19.8)."""
        kind, text = self.previous
        is_operand = kind != "name" or ":" in text or text.lower() in _PLAIN_WORDS
        if is_operand and self.brackets[-1] in _EXPRESSIONS:
            raise self._syntax_error(f"{self.found[:100]} is an IRI here; to compare, write spaces around the operator")

    def _check_triple_subject(self, kind: str, text: str, start: int) -> None:
        """The subject of a triple term in an expression is an IRI or a variable (SPARQL 1.2, grammar)."""
        is_wrong = kind in _LITERALS or text == "<<" or text.lower() in ("true", "false")
        if is_wrong and self._is_inside(*_EXPRESSIONS):
            self.start = start
            raise self._syntax_error("the subject of a triple term is no literal, and no triple term")

    def _is_inside(self, *kinds: str) -> bool:
        """Whether a bracket of one of `kinds` is open that began in the innermost group."""
        for bracket in reversed(self.brackets):
            if bracket in kinds or bracket == "{":
                return bracket != "{"
        return False

    def _may_compare(self) -> bool:
        """Whether an operator may stand here: only directly inside `(`, and after an operand."""
        return self.previous[0] in _OPERANDS and self.brackets[-1:] in _COMPARING

    def _is_certainly_iri(self, token: str) -> bool:
        """Whether `token` in the place of an operator cannot be a comparison: `//` is in no expression.

        Raises:
            QueryRefused: as a comparison it would begin a comment or a string.
        """
        start = _COMMENT_OR_STRING.search(token)
        if "//" in token[: start.start() if start else None]:
            return True
        if start:
            raise self._ambiguity("< that begins an IRI or a comparison: write a space after it, or the IRI in full")
        return False

    def _may_fall_apart(self, local: str) -> bool:
        """Whether the engine may find that prefix and `local` make no IRI, and then read `local` as what follows.

        So it does where a prefix ends inside of an address, as <http://host:>, with a second # and with characters that
        no IRI has.
        """
        return _NOT_IN_EVERY_IRI.search(local) is not None or not self._prefixes_take_any_name

    @cached_property
    def _prefixes_take_any_name(self) -> bool:
        safe = _SAFE_BESIDE_BASE if "base" in self.prologue.lower() else _SAFE
        return all(safe.fullmatch(iri) for iri in re.findall(r"<([^>]*)>", self.prologue))

    def _check_name_before_group(self) -> None:
        """`services:x {` is SERVICE `s:x` to the engine, unless a graph's name stands there."""
        kind, name = self.previous
        prefix, colon, _ = name.partition(":")
        if kind != "name" or not colon or not self.has_service or "service" not in prefix.lower():
            return
        if self.before[0] != "name" or self.before[1].lower() not in _BEFORE_A_GRAPH_NAME:
            raise self._refusal()

    def _check_nesting(self) -> None:
        if len(self.brackets) + self.bangs > self.max_nesting:
            raise QueryTooComplex(
                f"{self._place()}: nested deeper than {self.max_nesting}; flatten the query or ask in several"
            )

    def _count(self, number: int = 1) -> None:
        self.operators += number
        if self.operators > self.max_operators:
            raise QueryTooComplex(
                f"{self._place()}: more than {self.max_operators} operators and keywords; ask in several queries, "
                "or list values with VALUES or IN"
            )

    def _refusal(self) -> QueryRefused:
        if self.services is not None:
            return QueryRefused(
                f"{self._place()}: SERVICE is taken only where it stands as a word of its own, and LOAD is refused; "
                "nothing was sent. Write a space or a full stop before SERVICE and after it"
            )
        return QueryRefused(
            f"{self._place()}: SERVICE and LOAD are refused, since this server sends no requests; nothing was sent. "
            "Ask the other endpoint yourself and put its answer into a VALUES block. If this is a prefix or a name, "
            "put a full stop or a space before the bracket, or rename the prefix"
        )

    def _ambiguity(self, what: str) -> QueryRefused:
        return QueryRefused(f"{self._place()}: the query can be read in two ways: {what}")

    def _syntax_error(self, what: str) -> QuerySyntaxError:
        line, column = self._line_and_column()
        return QuerySyntaxError(f"{self._place()}: {what}", line, column)

    def _place(self) -> str:
        line, column = self._line_and_column()
        return f"line {line}, column {column}"

    def _line_and_column(self) -> tuple[int, int]:
        return self.text.count("\n", 0, self.start) + 1, self.start - self.text.rfind("\n", 0, self.start)
