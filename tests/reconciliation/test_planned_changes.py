"""A change that waits for its boundary is in the mirror ahead of time: that is no drift, and anything else is."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.tables.billing import subscription_changes, subscription_items, subscriptions
from tests.seeds import add, change, insert_price
from tests.two_books import NOW, TwoBooks, agreed

BOUNDARY = NOW + timedelta(days=9)
NOW_ITEMS = [("price_basic", 1)]
CHANGES: list[tuple[str, dict[str, Any], list[tuple[str, int]]]] = [
    ("quantity", {"quantity": 7}, [("price_basic", 7)]),
    ("quantity", {"quantity": 7, "item_id": "s1-1"}, [("price_basic", 7)]),
    ("swap", {"price_id": "better"}, [("price_better", 1)]),
    ("swap", {"price_id": "better", "quantity": 3}, [("price_better", 3)]),
    ("add", {"price_id": "better", "quantity": 2}, [("price_basic", 1), ("price_better", 2)]),
    ("add", {"price_id": "better"}, [("price_basic", 1), ("price_better", 1)]),
    ("remove", {"item_id": "s1-2"}, NOW_ITEMS),
]


@pytest.fixture
def books(db: Database, tmp_path: Path) -> TwoBooks:
    made = agreed(db, tmp_path)
    insert_price(db, "better", stripe_price_id="price_better")
    change(db, subscriptions, "s1", next_period_start=BOUNDARY)
    return made


def planned(books: TwoBooks, kind: str, wish: dict[str, Any], **values: Any) -> None:
    """A change of s1 that waits for its boundary. A removal removes a second item, which the mirror has, too."""
    if kind == "remove":
        add(
            books.db, subscription_items, item_id="s1-2", subscription_id="s1", price_id="better", quantity=4,
            valid_from=NOW - timedelta(days=30),
        )  # fmt: skip
    row = {"effective_at": BOUNDARY, "requested_at": NOW, "timing": "period_end", **values}
    add(
        books.db, subscription_changes, subscription_id="s1", source=f"{kind}-{wish}", kind=kind, wish=wish,
        requested_by="customer", **row,
    )  # fmt: skip


def show(books: TwoBooks, items: list[tuple[str, int]]) -> None:
    data = [{"price": {"id": price}, "quantity": quantity} for price, quantity in items]
    books.change("subscription", "sub_s1", items={"data": data})


@pytest.mark.parametrize(("kind", "wish", "then"), CHANGES)
def test_a_mirror_with_the_items_of_the_next_boundary_is_no_drift(
    books: TwoBooks, kind: str, wish: dict[str, Any], then: list[tuple[str, int]]
) -> None:
    planned(books, kind, wish)
    show(books, then)

    assert books.found() == []


@pytest.mark.parametrize(("kind", "wish"), [(kind, wish) for kind, wish, _ in CHANGES if kind != "remove"])
def test_a_mirror_that_was_not_told_yet_is_no_drift(books: TwoBooks, kind: str, wish: dict[str, Any]) -> None:
    planned(books, kind, wish)

    assert books.found() == []


@pytest.mark.parametrize(
    ("shown", "values"),
    [
        ([("price_basic", 8)], {}),
        ([("price_basic", 7)], {"refused_reason": "no"}),
        ([("price_basic", 7)], {"applied_at": NOW - timedelta(days=1)}),
        ([("price_basic", 7)], {"effective_at": BOUNDARY + timedelta(days=30)}),
    ],
)
def test_a_mirror_with_items_that_are_neither_in_force_nor_next_has_drifted(
    books: TwoBooks, shown: list[tuple[str, int]], values: dict[str, Any]
) -> None:
    planned(books, "quantity", {"quantity": 7}, **values)
    show(books, shown)

    assert books.found() == [("mirror_drift", "sub_s1")]
