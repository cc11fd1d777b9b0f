"""Times as tests write them."""

import pyoxigraph as ox

from kg.namespaces import EDTF, XSD


def literal(text: str) -> ox.Literal:
    """A time with the datatype that its form asks for."""
    names = {4: "gYear", 7: "gYearMonth", 10: "date"}
    plain = text.replace("-", "").isdecimal() and text[5:7] <= "12"
    return ox.Literal(text, datatype=ox.NamedNode(XSD + names[len(text)] if plain else EDTF))
