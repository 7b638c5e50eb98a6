"""Every request about catalogue and mirrors is one that the pinned API version takes, and a mended mirror differs no more."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from json import loads
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing_pipeline.domain import mirror_requests as mirrors
from billing_pipeline.domain import requests, stripe_billing, stripe_catalog
from billing_pipeline.domain.coupons import Coupon
from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.ids import (
    CouponId,
    CustomerId,
    ItemId,
    PlanId,
    PriceId,
    StripeInvoiceId,
    StripeSubscriptionId,
    TaxRateId,
)
from billing_pipeline.domain.mirror import Wanted, WantedItem
from billing_pipeline.domain.mirror_requests import Aspect, Seen, SeenItem, differences
from billing_pipeline.domain.pricing import Price, Scheme, Tier
from billing_pipeline.domain.requests import Request
from billing_pipeline.domain.subscriptions import WithoutCard
from billing_pipeline.domain.taxes import TaxRate
from tests.request_types import validator

MID_JANUARY = datetime(2026, 1, 11, tzinfo=UTC)
JANUARY, FEBRUARY = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
ITEM = WantedItem(ItemId("i1"), "price_1", 3, "txr_1", JANUARY)
WANTED = Wanted(
    CustomerId("cus_1"),
    "usd",
    (ITEM,),
    FEBRUARY,
    None,
    WithoutCard.CREATE_INVOICE,
    False,
    True,
    ("co_1",),
    {"subscription_id": "s1"},
)
SEEN = Seen(
    StripeSubscriptionId("sub_1"), "active", "usd", (SeenItem("si_1", "i1", "price_1", 3, "txr_1"),), JANUARY, FEBRUARY, None,
    False, True, ("co_1",), "s1", "",
)  # fmt: skip
USD = Currency("usd")
TIERED = Price(PriceId("t"), PlanId("p"), USD, Scheme.GRADUATED, tiers=(Tier(10, 1500, 4900), Tier(None, 800)))
PACKS = Price(PriceId("k"), PlanId("p"), USD, Scheme.PER_UNIT, 50, 1000)
QUARTER = Coupon(CouponId("q"), percent_ppm=255_500)
OFF = Coupon(CouponId("o"), amount_minor=500, currency=USD)
VAT = TaxRate(TaxRateId("v"), 88_750)
TRIAL = replace(WANTED, trial_end=FEBRUARY, trial_without_card=WithoutCard.PAUSE, coupons=())


def mend(there: Seen, wanted: Wanted) -> Request:
    return mirrors.mend_mirror(there, wanted, differences(there, wanted))


def made(listed: stripe_catalog.Listed) -> Request:
    return stripe_catalog.create(listed, "test")


BUILT: list[tuple[Callable[[], Request], str, str]] = [
    (lambda: made(stripe_catalog.product("p", "Plan", "", True)), "post /v1/products", "ProductCreateParams"),
    (lambda: made(stripe_catalog.price(TIERED, "prod_1", "")), "post /v1/prices", "PriceCreateParams"),
    (lambda: made(stripe_catalog.price(PACKS, "prod_1", "")), "post /v1/prices", "PriceCreateParams"),
    (lambda: made(stripe_catalog.coupon(QUARTER, "Q", "")), "post /v1/coupons", "CouponCreateParams"),
    (lambda: made(stripe_catalog.coupon(OFF, "O", "")), "post /v1/coupons", "CouponCreateParams"),
    (lambda: made(stripe_catalog.tax_rate(VAT, "VAT", "DE", "")), "post /v1/tax_rates", "TaxRateCreateParams"),
    (lambda: stripe_catalog.correct(stripe_catalog.price(PACKS, "prod_1", ""), "price_1"), "post /v1/prices/price_1",
     "PriceUpdateParams"),
    (lambda: stripe_catalog.archive(stripe_catalog.CatalogKind.TAX_RATE, "txr_1"), "post /v1/tax_rates/txr_1",
     "TaxRateUpdateParams"),
    (lambda: mirrors.create_mirror(WANTED), "post /v1/subscriptions", "SubscriptionCreateParams"),
    (lambda: mirrors.create_mirror(TRIAL), "post /v1/subscriptions", "SubscriptionCreateParams"),
    (lambda: mirrors.hold("sub_1"), "post /v1/subscriptions/sub_1", "SubscriptionUpdateParams"),
    (lambda: mirrors.unhold("sub_1", "pm_1"), "post /v1/subscriptions/sub_1", "SubscriptionUpdateParams"),
    (lambda: mend(SEEN, replace(WANTED, items=(replace(ITEM, price="price_2", tax=""),), ends=True, coupons=(), prorates=True)),
     "post /v1/subscriptions/sub_1", "SubscriptionUpdateParams"),
    (lambda: mend(replace(SEEN, held=False, items=()), WANTED), "post /v1/subscriptions/sub_1", "SubscriptionUpdateParams"),
    (lambda: mirrors.end_mirror("sub_1"), "delete /v1/subscriptions/sub_1", "SubscriptionCancelParams"),
    (lambda: mirrors.void_invoice(StripeInvoiceId("in_1")), "post /v1/invoices/in_1/void", "InvoiceVoidInvoiceParams"),
    (lambda: mirrors.collect_again(StripeInvoiceId("in_1")), "post /v1/invoices/in_1", "InvoiceUpdateParams"),
    (lambda: stripe_billing.credit_on_draft("cus_1", StripeInvoiceId("in_1"), 500, "usd", "inv-1"), "post /v1/invoiceitems",
     "InvoiceItemCreateParams"),
    (lambda: requests.post("/v1/invoices/create_preview", {"subscription": "sub_1"}), "post /v1/invoices/create_preview",
     "InvoiceCreatePreviewParams"),
]  # fmt: skip

NUMBERS: dict[str, Callable[[str], Any]] = {"unit_amount_decimal": Decimal, "percent_off": float, "percentage": float}
"""Decimals are frozen as text, as the wire carries them; the SDK's types name them as numbers."""


def as_numbers(value: Any, name: str = "") -> Any:
    """The parameters with decimal text as the SDK's types want it."""
    if isinstance(value, dict):
        return {key: as_numbers(one, key) for key, one in value.items()}
    if isinstance(value, list):
        return [as_numbers(one) for one in value]
    return NUMBERS[name](value) if name in NUMBERS else value


@pytest.mark.parametrize(("build", "method_path", "params_type"), BUILT)
def test_every_request_is_one_that_the_pinned_version_takes(
    build: Callable[[], Request], method_path: str, params_type: str
) -> None:
    request = build()

    assert request.method_path == method_path
    validator(params_type).validate_python(as_numbers(loads(request.params_json)))


def test_a_price_is_never_sent_without_its_quantity_and_an_item_never_without_its_id() -> None:
    asked = loads(mend(SEEN, replace(WANTED, items=(replace(ITEM, price="price_2"),))).params_json)

    assert asked["items"] == [{"id": "si_1", "price": "price_2", "quantity": 3}]
    assert asked["proration_behavior"] == "none"


def test_a_change_after_the_take_over_is_prorated_from_its_own_moment() -> None:
    changed_at = datetime(2026, 1, 11, tzinfo=UTC)
    wanted = replace(WANTED, items=(replace(ITEM, quantity=5, changed_at=changed_at),), prorates=True, held=False)

    asked = loads(mend(replace(SEEN, held=False), wanted).params_json)

    assert (asked["proration_behavior"], asked["proration_date"]) == ("create_prorations", int(changed_at.timestamp()))


def test_a_change_that_begins_with_the_next_period_is_not_prorated() -> None:
    wanted = replace(WANTED, items=(replace(ITEM, quantity=5, changed_at=FEBRUARY),), prorates=True, held=False)

    asked = loads(mend(replace(SEEN, held=False), wanted).params_json)

    assert (asked["proration_behavior"], "proration_date" in asked) == ("none", False)


@pytest.mark.parametrize(("gone_at", "behaviour"), [(MID_JANUARY, "create_prorations"), (FEBRUARY, "none")])
def test_an_item_that_goes_is_prorated_from_its_own_end_and_not_at_the_end_of_its_period(
    gone_at: datetime, behaviour: str
) -> None:
    both = (*SEEN.items, SeenItem("si_2", "i2", "price_2", 1, ""))
    wanted = replace(WANTED, prorates=True, held=False, gone={ItemId("i2"): gone_at})

    asked = loads(mend(replace(SEEN, held=False, items=both), wanted).params_json)

    assert asked["items"] == [{"id": "si_2", "deleted": True}]
    assert asked["proration_behavior"] == behaviour
    assert asked.get("proration_date") == (int(gone_at.timestamp()) if gone_at < FEBRUARY else None)


def test_mending_never_releases_a_hold() -> None:
    asked = loads(mend(SEEN, replace(WANTED, held=False, ends=True)).params_json)

    assert "pause_collection" not in asked


def test_a_mirror_that_is_as_it_should_be_has_no_difference() -> None:
    assert differences(SEEN, WANTED) == {}
    assert differences(replace(SEEN, period_start=FEBRUARY, period_end=datetime(2026, 3, 1, tzinfo=UTC)), WANTED) == {}


EDITS: list[tuple[dict[str, Any], Aspect]] = [
    ({"ends": True}, Aspect.CANCEL),
    ({"coupons": ()}, Aspect.COUPONS),
    ({"held": False}, Aspect.HOLD),
    ({"status": "paused"}, Aspect.PERIOD),
    ({"period_end": datetime(2026, 2, 9, tzinfo=UTC)}, Aspect.PERIOD),
    ({"status": "trialing", "trial_end": FEBRUARY}, Aspect.PERIOD),
    ({"items": (SeenItem("si_1", "i1", "price_2", 3, "txr_1"),)}, Aspect.PRICE),
    ({"items": (SeenItem("si_1", "i1", "price_1", 4, "txr_1"),)}, Aspect.QUANTITY),
    ({"items": (SeenItem("si_1", "i1", "price_1", 3, ""),)}, Aspect.TAX),
    ({"items": (SeenItem("si_1", "", "price_1", 3, "txr_1"),)}, Aspect.ITEMS),
]


@pytest.mark.parametrize(("edit", "aspect"), EDITS)
def test_every_difference_is_named(edit: dict[str, Any], aspect: Aspect) -> None:
    assert set(differences(replace(SEEN, **edit), WANTED)) == {aspect}


ITEMS = st.dictionaries(
    st.sampled_from("abcd"), st.tuples(st.sampled_from(["price_1", "price_2"]), st.integers(0, 9)), min_size=1
)


@given(theirs=ITEMS, ours=ITEMS)
def test_what_is_sent_makes_the_items_ours(
    theirs: dict[str, tuple[str, int]], ours: dict[str, tuple[str, int]]
) -> None:
    there = replace(
        SEEN, items=tuple(SeenItem(f"si_{name}", name, price, n, "") for name, (price, n) in theirs.items())
    )
    wanted = replace(
        WANTED, items=tuple(WantedItem(ItemId(name), price, n, "", JANUARY) for name, (price, n) in ours.items())
    )

    after = dict(theirs)
    for change in mirrors.items_mended(there, wanted):
        name = change["id"].removeprefix("si_") if "id" in change else change["metadata"]["item_id"]
        if change.get("deleted"):
            del after[name]
        else:
            after[name] = (change.get("price", after.get(name, ("", 0))[0]), change["quantity"])

    assert after == ours
