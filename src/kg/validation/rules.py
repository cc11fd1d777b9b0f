"""Rules (level 2): what crosses nodes, asked in SPARQL; each solution is a finding.

A rule is a SELECT query in `ontology/rules/`, named by its file, with YAML front matter in `#+` lines:

    #+ message: "signed on {signed}, but in force from {value}; correct one of the two statements"

It projects ?focus, and may project ?path and ?value. `{name}` in the message stands for a projected variable.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyoxigraph as ox
import yaml

from kg.errors import ParseFailure
from kg.namespaces import shorten
from kg.validation.corpus import Corpus
from kg.validation.findings import Finding

Term = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple

_FRONT = re.compile(r"^#\+ ?(.*)$", re.MULTILINE)
_PLACE = re.compile(r"error at (\d+):(\d+): ")


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule; `text` is its whole file, which SPARQL reads as it is, since front matter is comments."""

    path: Path
    message: str
    text: str

    @property
    def name(self) -> str:
        """The name that findings give as their source."""
        return self.path.stem


def read_rule(path: Path) -> Rule:
    """Read a rule.

    Raises:
        ParseFailure: its front matter is not YAML, or has no message.
    """
    text = path.read_text(encoding="utf-8")
    try:
        front = yaml.safe_load("\n".join(_FRONT.findall(text)))
    except yaml.YAMLError as error:
        raise ParseFailure(path, 1, 1, f"the front matter is not YAML: {error}") from error
    if not isinstance(front, dict) or not isinstance(front.get("message"), str):
        raise ParseFailure(path, 1, 1, "a rule says what is wrong in a front line `#+ message: …`")
    return Rule(path, front["message"], text)


def check_rules(corpus: Corpus) -> Iterator[Finding]:
    """A finding for each solution of each rule of the dataset, and for each rule that is not well-formed."""
    for path in corpus.dataset.rules:
        try:
            rule = read_rule(path)
            solutions = list(apply_rule(rule, corpus.store))
        except ParseFailure as error:
            yield Finding(path, error.line, "", "", "syntax", f"{error.reason}; correct the rule")
            continue
        for solution in solutions:
            focus, path_iri = _text(solution.get("focus")), _text(solution.get("path"))
            message = rule.message.format_map({name: _printed(term) for name, term in solution.items()})
            yield Finding(*corpus.place_of(focus), focus, path_iri, rule.name, message)


def apply_rule(rule: Rule, store: ox.Store) -> Iterator[dict[str, Term]]:
    """The solutions of `rule`: bound variables by name.

    Raises:
        ParseFailure: it is not SPARQL, not a SELECT query, or projects no ?focus.
    """
    try:
        solutions = store.query(rule.text)
    except SyntaxError as error:
        line, column = map(int, match.groups()) if (match := _PLACE.match(str(error))) else (0, 0)
        raise ParseFailure(rule.path, line, column, str(error)) from error
    names = [variable.value for variable in solutions.variables] if isinstance(solutions, ox.QuerySolutions) else []
    if not isinstance(solutions, ox.QuerySolutions) or "focus" not in names:
        raise ParseFailure(rule.path, 0, 0, "a rule is a SELECT query that projects ?focus")
    for solution in solutions:
        yield {name: term for name in names if (term := solution[name]) is not None}


def _text(term: Term | None) -> str:
    return term.value if isinstance(term, ox.NamedNode | ox.Literal) else ""


def _printed(term: Term) -> str:
    return shorten(term.value) if isinstance(term, ox.NamedNode | ox.Literal) else str(term)
