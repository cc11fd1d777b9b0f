"""Profiles of the default graph (level 2): the whole, made ready for a use, by a query that any store can answer."""

from pathlib import Path
from typing import Final

from kg.errors import ParameterError
from kg.formats import Format
from kg.namespaces import BASE
from kg.store.base import QueryRequest

_FOLDER: Final = Path(__file__).parent
PROFILES: Final = ("protege",)  # each is the name of a .rq file beside this module


def profile_request(name: str, graph_format: Format, timeout_s: float) -> QueryRequest:
    """What to ask a store for the default graph in the profile `name`; the answer is the same bytes each time.

    `protege`: one OWL 2 DL ontology that imports nothing, with labels for claims and passages.

    Raises:
        ParameterError: there is no such profile.
    """
    if name not in PROFILES:
        raise ParameterError("profile", f"must be {' or '.join(PROFILES)}, not {name!r}")
    text = (_FOLDER / f"{name}.rq").read_text(encoding="utf-8")
    return QueryRequest(text, graph_format, BASE, timeout_s)
