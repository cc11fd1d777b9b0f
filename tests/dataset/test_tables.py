"""The two tables of the essay, cell by cell: all cells are there, and their own arithmetic bears the reading out."""

from collections import Counter
from decimal import Decimal

import pyoxigraph as ox
import pytest

from kg.files import CHECKOUT, Dataset
from kg.store.memory import load_dataset

ID = "https://w3id.org/rapallo/id/"
CELLS = """
PREFIX id: <https://w3id.org/rapallo/id/>
PREFIX kg: <https://w3id.org/rapallo/ont#>
PREFIX voc: <https://w3id.org/rapallo/voc/>
SELECT ?table ?indicator ?unit ?year ?quantity ?whole WHERE {
  ?cell kg:table ?table ; kg:indicator ?indicator ; kg:unit ?unit ; kg:startMin ?first ; kg:quantity ?quantity .
  OPTIONAL { ?cell kg:relativeTo ?whole }
  BIND(YEAR(?first) AS ?year)
}
"""
Cell = tuple[str, str, bool, int]  # table, indicator, whether it is a share, year


@pytest.fixture(scope="module")
def cells() -> dict[Cell, tuple[Decimal, str]]:
    """Quantity of each cell, and the indicator of which a share is one."""
    found: dict[Cell, tuple[Decimal, str]] = {}
    solutions = load_dataset(Dataset(CHECKOUT)).store.query(CELLS)
    assert isinstance(solutions, ox.QuerySolutions)
    for solution in solutions:
        table, indicator, unit, year, quantity, whole = (str(term.value) if term else "" for term in solution)
        cell = (table.removeprefix(ID), indicator.removeprefix(ID), unit.endswith("/percent"), int(year))
        assert cell not in found
        found[cell] = Decimal(quantity), whole.removeprefix(ID)
    return found


def test_all_51_cells_are_there(cells: dict[Cell, tuple[Decimal, str]]) -> None:
    counted = Counter(table for table, _, _, _ in cells)

    assert counted == {"german-output-table": 36, "soviet-defence-table": 15}


@pytest.mark.parametrize("year", [1939, 1940, 1941, 1942])
def test_the_rows_of_the_first_table_add_up(cells: dict[Cell, tuple[Decimal, str]], year: int) -> None:
    def billions(indicator: str) -> Decimal:
        return cells["german-output-table", indicator, False, year][0]

    internal = billions("internal-wehrmacht-expenditures")

    assert billions("industrial-sales-to-armed-forces") + billions("military-pay") == internal
    assert internal + billions("other-war-expenditures") == billions("war-expenditures")


def test_shares_are_the_rounded_quotients_of_their_parts(cells: dict[Cell, tuple[Decimal, str]]) -> None:
    covered = 0
    for (table, indicator, is_share, year), (printed, whole) in cells.items():
        part = cells.get((table, indicator, False, year))
        if not is_share or part is None:
            continue
        share = part[0] / cells[table, whole, False, year][0] * 100
        step = Decimal(1).scaleb(int(printed.as_tuple().exponent))
        assert abs(share - printed) <= step / 2, (table, indicator, year)
        covered += 1

    assert covered == 9  # four of war expenditures in output, five of defence in the national budget
