"""The benchmarks of reconciling run the statements of production on their made-up books, and find what was put in."""

from benchmarks import increment, reconcile

ROWS = 30_000


def test_the_comparison_of_two_sides_finds_every_kind_that_was_put_in() -> None:
    compared, published = reconcile.measured(ROWS, rounds=1)  # raises when a kind is not found

    assert (compared["name"], published["name"]) == ("reconcile_30000", "publish_30000")
    assert int(str(compared["value"])) > 0


def test_a_days_increment_finds_what_the_whole_comparison_finds() -> None:
    row = increment.measured(ROWS)  # raises when the two differ

    assert row["n"] == ROWS // increment.DAYS
