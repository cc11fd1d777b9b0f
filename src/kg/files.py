"""Where a dataset lies (level 0): the folder that holds `ontology/`, `triples/` and `queries/`.

The checkout's own comes before the copy that travels in the wheel, so that an edit is seen at the next start.
"""

from dataclasses import dataclass
from pathlib import Path

from kg.errors import DatasetError

PACKAGE = Path(__file__).parent
CHECKOUT = PACKAGE.parent.parent
BUNDLED = PACKAGE / "dataset"


@dataclass(frozen=True, slots=True)
class Dataset:
    """A folder with the three folders of a dataset; all lists are sorted by name."""

    root: Path

    @property
    def ontology(self) -> tuple[Path, ...]:
        """The files of the ontology that are loaded with the data: all but the shapes and the mappings."""
        held_apart = {"shapes.ttl", "mappings.ttl"}
        return tuple(path for path in sorted((self.root / "ontology").glob("*.ttl")) if path.name not in held_apart)

    @property
    def shapes(self) -> Path:
        """The shapes graph (SHACL core)."""
        return self.root / "ontology" / "shapes.ttl"

    @property
    def mappings(self) -> Path:
        """The mapping to other vocabularies; nobody needs to load it."""
        return self.root / "ontology" / "mappings.ttl"

    @property
    def ontology_page(self) -> Path:
        """What people are shown of the ontology, as HTML that loads nothing; a dataset need not have it."""
        return self.root / "ontology" / "core.html"

    @property
    def rules(self) -> tuple[Path, ...]:
        """The rules across entities: SELECT queries whose rows are findings."""
        return tuple(sorted((self.root / "ontology" / "rules").glob("*.rq")))

    @property
    def triples(self) -> tuple[Path, ...]:
        """The files of what is stated."""
        return tuple(sorted((self.root / "triples").glob("*.ttl")))

    @property
    def queries(self) -> tuple[Path, ...]:
        """The stored queries."""
        return tuple(sorted((self.root / "queries").glob("*.rq")))

    @property
    def data(self) -> tuple[Path, ...]:
        """The files that make the default graph: ontology, vocabulary and triples."""
        return self.ontology + self.triples


def find_dataset(root: Path | None = None) -> Dataset:
    """The dataset in `root`; without it the checkout's, and outside a checkout the one that travels in the wheel.

    Raises:
        DatasetError: the folder has no `ontology/` or no `triples/`.
    """
    chosen = root or (CHECKOUT if (CHECKOUT / "triples").is_dir() else BUNDLED)
    for name in ("ontology", "triples"):
        if not (chosen / name).is_dir():
            raise DatasetError(chosen, f"is not a dataset, since it has no folder {name}/; name one with --dataset")
    return Dataset(chosen)
