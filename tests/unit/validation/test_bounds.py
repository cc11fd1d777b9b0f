"""Bounds follow from times: their spans, open ends, and several accounts at once."""

from kg.namespaces import KG
from kg.validation.bounds import derive_bounds
from times import literal


def bounds(**times: list[str]) -> dict[str, str]:
    derived = derive_bounds({KG + name: [literal(text) for text in texts] for name, texts in times.items()})
    return {bound.removeprefix(KG): str(day) for bound, day in derived.items()}


def test_a_date_gives_both_pairs() -> None:
    assert bounds(date=["1939-09"]) == {
        "startMin": "1939-09-01",
        "startMax": "1939-09-30",
        "endMin": "1939-09-01",
        "endMax": "1939-09-30",
    }


def test_start_and_end_come_before_the_date() -> None:
    assert bounds(date=["1939"], start=["1939-09-17"]) == {
        "startMin": "1939-09-17",
        "startMax": "1939-09-17",
        "endMin": "1939-01-01",
        "endMax": "1939-12-31",
    }


def test_an_agreement_starts_when_it_is_signed_unless_it_has_a_start() -> None:
    assert bounds(signedOn=["1939-08-23"])["startMin"] == "1939-08-23"
    assert bounds(signedOn=["1939-08-23"], start=["1940"])["startMin"] == "1940-01-01"
    assert "endMax" not in bounds(signedOn=["1939-08-23"])


def test_several_accounts_span_from_the_earliest_to_the_latest_day() -> None:
    assert bounds(start=["1939-11-29", "1939-11-30"]) == {"startMin": "1939-11-29", "startMax": "1939-11-30"}


def test_an_open_end_leaves_its_bound_out() -> None:
    assert bounds(end=["1933/.."]) == {"endMin": "1933-01-01"}
