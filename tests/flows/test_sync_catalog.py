"""Stripe's catalogue follows ours: found by our mark, made once, never edited in price, archived when replaced."""

from typing import Any

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.tables import catalog
from stripe_simulator import Simulator
from tests.mirroring import MirrorDesk, open_mirror_desk
from tests.seeds import add, change, fetch, insert_price


@pytest.fixture
def desk(db: Database, simulator: Simulator) -> MirrorDesk:
    """A flat price, a tiered one, a coupon and a tax rate."""
    insert_price(db)
    insert_price(db, "tiered", "team", scheme="graduated", unit_minor=0)
    for number, (up_to, unit, flat) in enumerate([(10, 1500, 4900), (None, 800, 0)], start=1):
        add(db, catalog.price_tiers, price_id="tiered", tier_no=number, up_to=up_to, unit_minor=unit, flat_minor=flat)
    add(
        db,
        catalog.coupons,
        coupon_id="ten",
        name="Ten off",
        kind="amount",
        amount_minor=1000,
        currency="usd",
        duration="once",
    )
    add(
        db,
        catalog.tax_rates,
        tax_rate_id="ny",
        name="Sales tax",
        jurisdiction="US-NY",
        rate_ppm=88_750,
        inclusive=False,
    )
    return open_mirror_desk(db, simulator)


def listed(desk: MirrorDesk, kind: str) -> list[dict[str, Any]]:
    return list(desk.sim.objects(kind))


def test_everything_is_made_once_and_marked(desk: MirrorDesk) -> None:
    first, again = desk.catalog(), desk.catalog()

    prices = {one["lookup_key"]: one for one in listed(desk, "price")}
    assert (first.created, again.created, again.corrected) == (6, 0, 0)
    assert (prices["billing:basic-usd"]["unit_amount"], prices["billing:tiered"]["tiers_mode"]) == (4900, "graduated")
    assert listed(desk, "tax_rate")[0]["percentage"] == pytest.approx(8.875)
    assert (listed(desk, "coupon")[0]["amount_off"], listed(desk, "coupon")[0]["duration"]) == (1000, "forever")
    assert fetch(desk.db, catalog.plans, plan_id="basic")[0]["stripe_product_id"] == listed(desk, "product")[0]["id"]


def test_a_price_that_changed_is_replaced_and_archived(desk: MirrorDesk) -> None:
    desk.catalog()
    (old,) = [one for one in listed(desk, "price") if one["lookup_key"] == "billing:basic-usd"]
    change(desk.db, catalog.prices, "basic-usd", unit_minor=5900)

    done = desk.catalog()

    found = {one["id"]: one for one in listed(desk, "price")}
    (row,) = fetch(desk.db, catalog.prices, price_id="basic-usd")
    assert (done.replaced, found[old["id"]]["active"], found[old["id"]]["unit_amount"]) == (1, False, 4900)
    assert (found[row["stripe_price_id"]]["unit_amount"], found[row["stripe_price_id"]]["active"]) == (5900, True)
    assert desk.catalog().replaced == 0


def test_what_stripe_has_already_is_adopted(desk: MirrorDesk) -> None:
    desk.catalog()
    with desk.db.transaction() as connection:
        connection.execute(catalog.prices.update().values(stripe_price_id=None))

    done = desk.catalog()

    assert (done.adopted, done.created) == (2, 0)
    assert all(row["stripe_price_id"] for row in fetch(desk.db, catalog.prices))


def test_a_renamed_plan_and_an_archived_price_are_told(desk: MirrorDesk) -> None:
    desk.catalog()
    change(desk.db, catalog.plans, "basic", name="Basic, renamed")
    change(desk.db, catalog.prices, "basic-usd", active=False)

    done = desk.catalog()

    (price,) = [one for one in listed(desk, "price") if one["lookup_key"] == "billing:basic-usd"]
    assert (done.corrected, price["active"]) == (2, False)
    assert "Basic, renamed" in {one["name"] for one in listed(desk, "product")}


@pytest.mark.parametrize("kind", ["drop_after", "error_before", "error_after", "truncate"])
def test_no_fault_makes_a_price_twice(desk: MirrorDesk, kind: str) -> None:
    desk.fault(kind, method="post", path="/v1/prices")

    for _ in range(3):
        desk.catalog()
        desk.pass_time(minutes=15)

    assert len(listed(desk, "price")) == 2
    assert all(row["stripe_price_id"] for row in fetch(desk.db, catalog.prices))


def test_what_cannot_be_expressed_is_said_and_not_made(desk: MirrorDesk) -> None:
    insert_price(desk.db, "least", "basic", minimum_minor=900)

    done = desk.catalog()

    assert "minimum commitment" in done.inexpressible["least"]
    assert "billing:least" not in {one["lookup_key"] for one in listed(desk, "price")}
