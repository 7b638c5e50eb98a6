"""Bank lines find the payouts that they show, where nothing else could be meant."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing_pipeline.domain.bank_statements import BankLine, MatchRules, Payable, match_lines
from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.ids import PayoutId

USD = Currency("usd")
DAY = date(2026, 3, 7)


def line(name: str, minor: int, day: date = DAY, reference: str = "STRIPE") -> BankLine:
    return BankLine(name, "main", day, USD, minor, reference)


def payable(name: str, minor: int, day: date = DAY, hint: str = "") -> Payable:
    return Payable(PayoutId(name), USD, minor, day, (hint,))


@pytest.mark.parametrize(
    ("lines", "payables", "expected"),
    [
        ([line("a", 100)], [payable("p", 100)], {("a", "p", "one_to_one")}),
        ([line("a", 100, reference="STRIPE T2")], [payable("p", 100, hint="T1"), payable("q", 100, DAY + timedelta(2), "T2")],
         {("a", "q", "one_to_one")}),
        ([line("a", 300)], [payable("p", 100), payable("q", 200)], {("a", "p", "many_to_one"), ("a", "q", "many_to_one")}),
        ([line("a", 100), line("b", 200)], [payable("p", 300)], {("a", "p", "one_to_many"), ("b", "p", "one_to_many")}),
        ([line("a", 100)], [payable("p", 101)], set()),
        ([line("a", 100)], [payable("p", 100, DAY + timedelta(days=6))], set()),
        ([line("a", 300)], [payable("p", 100), payable("q", 200), payable("r", 200)], set()),
        ([line("a", 100), line("b", 100)], [payable("p", 100)], {("a", "p", "one_to_one")}),
        ([line("a", 300)], [payable("p", 100), payable("q", 200), *(payable(f"r{n}", n) for n in range(1, 11)),
         payable("s", 200)], set()),
        ([line("a", 100), line("b", 200), *(line(f"x{n}", 5000 + n) for n in range(20))], [payable("p", 300)],
         {("a", "p", "one_to_many"), ("b", "p", "one_to_many")}),
        ([line("a", 100), line("b", 200), *(line(f"x{n}", 5000 + n) for n in range(10)), line("z", 200)],
         [payable("p", 300)], set()),
        ([line("a", 80)], [payable("p", 100), payable("q", -20)], set()),
    ],
)  # fmt: skip
def test_lines_find_their_payouts(
    lines: list[BankLine], payables: list[Payable], expected: set[tuple[str, str, str]]
) -> None:
    matches = match_lines(lines, payables, MatchRules())

    assert {(m.bank_line_id, m.payout_id, m.rule) for m in matches} == expected


def test_a_tolerance_lets_a_line_differ() -> None:
    matches = match_lines([line("a", 98)], [payable("p", 100)], MatchRules(tolerance_minor=2))

    assert [(m.payout_id, m.amount_minor) for m in matches] == [("p", 98)]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 6), max_size=7), st.lists(st.integers(1, 6), max_size=7))
def test_no_line_and_no_payout_is_used_beyond_its_amount(ours: list[int], theirs: list[int]) -> None:
    lines = [line(f"l{n}", minor) for n, minor in enumerate(ours)]
    payables = [payable(f"p{n}", minor) for n, minor in enumerate(theirs)]

    matches = match_lines(lines, payables, MatchRules())

    for one in lines:
        used = sum(m.amount_minor for m in matches if m.bank_line_id == one.bank_line_id)
        assert used in (0, one.amount_minor)
    for due in payables:
        assert sum(m.amount_minor for m in matches if m.payout_id == due.payout_id) in (0, due.amount_minor)
