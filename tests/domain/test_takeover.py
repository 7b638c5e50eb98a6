"""What a rehearsal says of a line that differs: where, by how much, and why."""

import pytest

from billing_pipeline.domain.ids import PriceId
from billing_pipeline.domain.takeover import Difference, Side, compared, renamed

SEATS = Side(amount=9000, discount=900, tax=810, quantity=5, lines=1)


@pytest.mark.parametrize(
    ("theirs", "told"),
    [
        (Side(138600, 900, 810, 77, 1), [("amount", "quantity 5 here, 77 there")]),
        (Side(9500, 900, 855, 5, 1), [("amount", "another price"), ("tax", "it follows from the amount")]),
        (Side(9000, 0, 900, 5, 1), [("discount", "another coupon"), ("tax", "it follows from the discount")]),
        (Side(9000, 900, 1539, 5, 1), [("tax", "another tax rate")]),
        (Side(9000, 900, 811, 5, 1), [("tax", "rounding")]),
        (Side(9000, 900, 812, 5, 3), [("tax", "rounding: Stripe rounds each tier by itself")]),
        (Side(9001, 900, 810, 5, 1), [("amount", "rounding")]),
        (SEATS, []),
    ],
)
def test_a_difference_has_its_reason(theirs: Side, told: list[tuple[str, str]]) -> None:
    found = compared({"seats": SEATS}, {"seats": theirs})

    assert [(one.what, one.why) for one in found] == told


def test_lines_of_one_price_add_up_and_keep_their_number() -> None:
    assert Side(100, 10, 9, 1, 1) + Side(200, 0, 20, 2, 1) == Side(300, 10, 29, 3, 2)


def test_a_price_is_shown_by_our_name_and_anything_else_as_it_is() -> None:
    lines = [Difference("price_1", "amount", 1, 2, "x"), Difference("Training", "line", 0, 5, "y")]

    assert [one.line for one in renamed(lines, {"price_1": PriceId("team")})] == ["team", "Training"]
