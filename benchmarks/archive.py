"""The data: a made-up archive of as many triples as wanted, the same for the same size and seed.

In the spirit of our model: persons, organisations, bases, agreements, events and flows, each with claims that cite
passages. The triples come in units of about 80, and each unit only refers to itself and to earlier ones, so that any
beginning of the archive has all kinds of entities in the same proportion.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import islice
from pathlib import Path
from random import Random
from typing import Final

from kg.namespaces import ID, KG, RDF, RDFS, SKOS, SRC, ST, VOC, XSD

SMALLEST: Final = 2_000  # triples in which each of the fourteen queries finds something
MEMBERSHIPS: Final = 40  # polities and organisations that many are of; few, so that lists of members are long

_TYPE: Final = f"<{RDF}type>"
_LABEL: Final = f"<{SKOS}prefLabel>"
_CLASSES: Final = (
    ("Agreement", ""),
    ("Treaty", "Agreement"),
    ("TradeTreaty", "Treaty"),
    ("PeaceTreaty", "Treaty"),
    ("Event", ""),
    ("Person", "Agent"),
    ("Organisation", "Agent"),
    ("Place", ""),
    ("MilitaryBase", "Place"),
    ("Flow", "Claim"),
)
_SYLLABLES: Final = ("bar", "dol", "fen", "gri", "hal", "jor", "kem", "lun", "mar", "nov", "pel", "ros", "sel", "tor")
_WORDS: Final = ("grain", "harbour", "secret", "fleet", "credit", "mission", "school", "border", "manganese", "old")
_ROLES: Final = ("envoy", "general", "minister", "engineer", "admiral")
_KINDS: Final = ("negotiation", "journey", "battle", "delivery")


def generate(size: int, seed: int) -> Iterator[str]:
    """`size` different triples in N-Triples, a line each without its end; literals in the engine's own form."""
    return islice(_endless(Random(seed)), size)  # noqa: S311 - made-up data, and the same ones each time


def write_archive(folder: Path, size: int, seed: int) -> Path:
    """Write the archive as a dataset into `folder` (for `kg serve`), and as one file of N-Triples beside it, returned.

    Both hold the same triples: each N-Triples document is Turtle.
    """
    for name in ("ontology", "triples", "queries"):
        (folder / name).mkdir(parents=True)
    lines = [f"{line}\n" for line in generate(size, seed)]
    head = len(list(_ontology()))
    (folder / "ontology" / "core.ttl").write_text("".join(lines[:head]), encoding="utf-8")
    (folder / "triples" / "archive.ttl").write_text("".join(lines[head:]), encoding="utf-8")
    whole = folder / "archive.nt"
    whole.write_text("".join(lines), encoding="utf-8")
    return whole


def persons_in(size: int) -> int:
    """How many persons an archive of `size` triples surely has, numbered from 0: three a unit, of which none is cut."""
    return 3 * ((size - len(list(_ontology()))) // _LONGEST_UNIT)


_LONGEST_UNIT: Final = 110  # triples; a test looks


def _endless(random: Random) -> Iterator[str]:
    """The ontology, then unit after unit."""
    yield from _ontology()
    unit = 0
    while True:
        yield from _Unit(random, unit).lines()
        unit += 1


def _ontology() -> Iterator[str]:
    """The classes, which make a small tree."""
    for name, parent in _CLASSES:
        yield f"<{KG}{name}> {_TYPE} <http://www.w3.org/2002/07/owl#Class> ."
        yield f'<{KG}{name}> {_LABEL} "{name}"@en .'
        if parent:
            yield f"<{KG}{name}> <{RDFS}subClassOf> <{KG}{parent}> ."


class _Unit:
    """The `number`-th part of the archive."""

    def __init__(self, random: Random, number: int) -> None:
        self._random = random
        self._number = number
        self._few = min(number + 1, MEMBERSHIPS)

    def lines(self) -> Iterator[str]:
        """Its triples, all different from those of other units."""
        yield from self._place()
        yield from self._organisation()
        for index in range(3):
            yield from self._person(3 * self._number + index)
        yield from self._base()
        yield from self._agreement()
        for index in range(3):
            yield from self._event(3 * self._number + index)
        for index in range(4):
            yield from self._claim(4 * self._number + index)
        yield from self._flow()

    def _place(self) -> Iterator[str]:
        place = f"<{ID}place-{self._number}>"
        yield from self._entity(place, "Place", self._name())
        if self._number:
            yield f"{place} <{KG}partOf> <{ID}place-{(self._number - 1) // 4}> ."
        passage = f"<{SRC}s-{self._number}>"
        yield f"{passage} {_TYPE} <{KG}Passage> ."
        yield f"{passage} <{KG}passageOf> <{SRC}source-{self._number // 50}> ."
        yield f'{passage} <{KG}paragraph> "{self._number % 50 + 1}"^^<{XSD}integer> .'

    def _organisation(self) -> Iterator[str]:
        organisation = f"<{ID}organisation-{self._number}>"
        yield from self._entity(organisation, "Organisation", f"{self._name()} Office")
        yield f"{organisation} <{KG}locatedIn> <{ID}place-{self._any()}> ."

    def _person(self, number: int) -> Iterator[str]:
        person = f"<{ID}person-{number}>"
        yield from self._entity(person, "Person", f"{self._name()} {self._name()}")
        yield f"{person} <{KG}bornOn> {self._day(1840, 1910)} ."
        if self._random.random() < 0.7:
            yield f"{person} <{KG}diedOn> {self._day(1911, 1990)} ."
        yield f"{person} <{KG}citizenOf> <{ID}place-{self._random.randrange(self._few)}> ."
        yield f"{person} <{KG}memberOf> <{ID}organisation-{int(self._few * self._random.random() ** 2)}> ."
        yield f'{person} <{KG}role> "{self._random.choice(_ROLES)}" .'

    def _base(self) -> Iterator[str]:
        base = f"<{ID}base-{self._number}>"
        yield from self._entity(base, "MilitaryBase", f"{self._name()} base")
        yield f"{base} <{KG}partOf> <{ID}place-{self._any()}> ."
        yield f"{base} <{KG}operatedBy> <{ID}organisation-{self._any()}> ."
        yield f"{base} <{KG}startMin> {self._day(1919, 1941)} ."

    def _agreement(self) -> Iterator[str]:
        agreement = f"<{ID}agreement-{self._number}>"
        kind = self._random.choice(("Treaty", "TradeTreaty", "PeaceTreaty"))
        yield from self._entity(agreement, kind, f"Treaty of {self._name()}")
        yield f"{agreement} <{KG}signedOn> {self._day(1919, 1941)} ."
        for place in self._random.sample(range(self._few), min(3, self._few)):
            yield f"{agreement} <{KG}signatory> <{ID}place-{place}> ."
        yield f"{agreement} <{KG}concerns> <{ID}base-{self._any()}> ."

    def _event(self, number: int) -> Iterator[str]:
        event = f"<{ID}event-{number}>"
        yield from self._entity(event, "Event", f"{self._name()} {self._name()}")
        yield f"{event} <{KG}kind> <{VOC}{self._random.choice(_KINDS)}> ."
        yield f"{event} <{KG}startMin> {self._day(1919, 1941)} ."
        yield f"{event} <{KG}tookPlaceAt> <{ID}place-{self._any()}> ."
        for person in self._random.sample(range(3 * self._number + 3), 3):
            yield f"{event} <{KG}agent> <{ID}person-{person}> ."
        if self._random.random() < 0.3:
            yield f'{event} <{KG}gloss> "{" ".join(self._random.choices(_WORDS, k=8))}"@en .'

    def _claim(self, number: int) -> Iterator[str]:
        claim = f"<{ST}claim-{number}>"
        yield f"{claim} {_TYPE} <{KG}Claim> ."
        first_of_unit = 3 * self._number
        about = first_of_unit if number % 4 == 0 else self._random.randrange(first_of_unit + 3)
        yield f"{claim} <{KG}about> <{ID}event-{about}> ."
        yield f"{claim} <{KG}predicate> <{KG}agent> ."
        yield f"{claim} <{KG}value> <{ID}person-{self._random.randrange(3 * self._number + 3)}> ."
        yield f"{claim} <{KG}cite> <{SRC}s-{self._any()}> ."
        yield f"{claim} <{KG}certainty> <{VOC}{self._random.choice(('stated', 'hedged', 'inferred'))}> ."

    def _flow(self) -> Iterator[str]:
        flow = f"<{ST}flow-{self._number}>"
        yield f"{flow} {_TYPE} <{KG}Flow> ."
        yield f"{flow} <{KG}from> <{ID}place-{self._random.randrange(self._few)}> ."
        yield f"{flow} <{KG}to> <{ID}place-{self._random.randrange(self._few)}> ."
        yield f'{flow} <{KG}quantity> "{self._random.randrange(1, 10_000)}.5"^^<{XSD}decimal> .'
        yield f"{flow} <{KG}cite> <{SRC}s-{self._any()}> ."

    def _entity(self, name: str, kind: str, label: str) -> Iterator[str]:
        yield f"{name} {_TYPE} <{KG}{kind}> ."
        yield f'{name} {_LABEL} "{label}"@en .'

    def _any(self) -> int:
        """The number of this unit or of an earlier one."""
        return self._random.randrange(self._number + 1)

    def _name(self) -> str:
        return "".join(self._random.choices(_SYLLABLES, k=3)).title()

    def _day(self, first_year: int, last_year: int) -> str:
        first = date(first_year, 1, 1)
        days = (date(last_year, 12, 31) - first).days
        return f'"{first + timedelta(days=self._random.randrange(days))}"^^<{XSD}date>'
