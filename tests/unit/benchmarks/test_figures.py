"""The arithmetic of the benchmarks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.figures import RATE, TIME, Key, Results, Spread, geometric_mean, percentile, ratio, short

POSITIVE = st.floats(min_value=1e-3, max_value=1e6)


def test_a_spread_is_the_median_with_the_lowest_and_the_highest() -> None:
    assert Spread.of([3.0, 1.0, 2.0]) == Spread(2.0, 1.0, 3.0)


def test_a_higher_throughput_and_a_shorter_time_are_both_a_ratio_above_one() -> None:
    assert ratio(RATE, ours=[200.0], theirs=[100.0]).median == 2.0
    assert ratio(TIME, ours=[5.0], theirs=[10.0]).median == 2.0


def test_a_ratio_is_taken_within_each_round_so_that_a_slow_hour_cancels_out() -> None:
    ours, theirs = [200.0, 20.0, 110.0], [100.0, 10.0, 100.0]

    assert ratio(RATE, ours, theirs) == Spread(2.0, 1.1, 2.0)


def test_there_is_no_ratio_of_different_numbers_of_rounds() -> None:
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        ratio(RATE, [1.0, 2.0], [1.0])


@given(st.lists(st.tuples(POSITIVE, POSITIVE), min_size=1))
def test_what_is_better_than_the_peer_leaves_the_peer_worse(rounds: list[tuple[float, float]]) -> None:
    ours, theirs = zip(*rounds, strict=True)

    there, back = ratio(TIME, ours, theirs), ratio(TIME, theirs, ours)

    assert there.lowest == pytest.approx(1 / back.highest)
    assert there.highest == pytest.approx(1 / back.lowest)


def test_twice_as_good_and_half_as_good_is_equally_good() -> None:
    assert geometric_mean([2.0, 0.5]) == pytest.approx(1.0)
    assert geometric_mean([8.0, 1.0, 1.0]) == pytest.approx(2.0)


@pytest.mark.parametrize(("percent", "expected"), [(0, 1), (50, 50), (99, 99), (100, 100)])
def test_a_percentile_is_one_of_the_values(percent: float, expected: float) -> None:
    assert percentile([float(value) for value in range(100, 0, -1)], percent) == expected


def test_the_percentile_of_one_value_is_that_value() -> None:
    assert percentile([7.0], 99) == 7.0


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.01234, "0.0123"), (0.5, "0.500"), (1.234, "1.23"), (12.34, "12.3"), (123.4, "123"), (31767, "31767")],
)
def test_a_figure_has_three_digits_that_count(value: float, text: str) -> None:
    assert short(value) == text


def test_results_keep_the_order_of_what_was_measured_and_of_the_rounds() -> None:
    results = Results()
    later, sooner = Key("b", "x", TIME), Key("a", "x", TIME)

    results.add(later, "one", 1.0)
    results.add(sooner, "one", 5.0)
    results.add(later, "two", 2.0)
    results.add(later, "one", 3.0)

    assert list(results) == [(later, {"one": [1.0, 3.0], "two": [2.0]}), (sooner, {"one": [5.0]})]
