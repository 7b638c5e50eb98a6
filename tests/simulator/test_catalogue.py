"""The catalogue: products, prices, coupons, promotion codes, tax rates, meters, and the rules each keeps."""

from typing import Any

import pytest
import stripe

from stripe_simulator import Simulator
from tests.simulator.stories import payer
from tests.simulator.test_subscriptions import price, subscribe

PRODUCTS = "docs.stripe.com/api/products"
PRICES = "docs.stripe.com/api/prices"
COUPONS = "docs.stripe.com/api/coupons"
CODES = "docs.stripe.com/api/promotion_codes"


@pytest.mark.behaviour("products", "created with a default price, updated, listed", source=PRODUCTS)
def test_a_product_comes_with_its_default_price(client: stripe.StripeClient) -> None:
    made = client.v1.products.create(
        {
            "name": "Pro", "metadata": {"plan": "pro"},
            "default_price_data": {"currency": "usd", "unit_amount": 900, "recurring": {"interval": "month"}},
            "expand": ["default_price"],
        }
    )  # fmt: skip

    renamed = client.v1.products.update(made.id, {"name": "Pro 2", "active": False})

    assert made.default_price.unit_amount == 900  # type: ignore[union-attr]
    assert (renamed.name, renamed.active, renamed.metadata["plan"]) == ("Pro 2", False, "pro")
    assert client.v1.products.list({"active": True}).data == []
    assert [p.id for p in client.v1.products.search({"query": "metadata['plan']:'pro'"}).data] == [made.id]


@pytest.mark.behaviour("products", "one with prices cannot be deleted", source=f"{PRODUCTS}/delete")
def test_a_product_with_prices_cannot_be_deleted(client: stripe.StripeClient) -> None:
    bare = client.v1.products.create({"id": "bare", "name": "Bare"})
    sold = client.v1.prices.retrieve(price(client)).product

    gone = client.v1.products.delete(bare.id)
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.products.delete(str(sold))

    assert gone.deleted is True
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.products.retrieve(bare.id)


def test_an_id_of_a_product_is_taken_once(client: stripe.StripeClient) -> None:
    client.v1.products.create({"id": "pro", "name": "Pro"})

    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.products.create({"id": "pro", "name": "Again"})

    assert refused.value.code == "resource_already_exists"


@pytest.mark.behaviour("prices", "a lookup key names one price and can be moved", source=f"{PRICES}/create")
def test_a_lookup_key_moves_to_a_new_price_only_when_asked(client: stripe.StripeClient) -> None:
    old = price(client, lookup_key="pro")

    with pytest.raises(stripe.InvalidRequestError):
        price(client, lookup_key="pro")
    new = price(client, lookup_key="pro", transfer_lookup_key=True)

    assert client.v1.prices.retrieve(old).lookup_key is None
    assert [p.id for p in client.v1.prices.list({"lookup_keys": ["pro"]}).data] == [new]


@pytest.mark.behaviour("prices", "fractions of a cent round once per line", source=PRICES)
def test_a_price_below_a_cent_rounds_once(client: stripe.StripeClient) -> None:
    customer, _ = payer(client)
    product = client.v1.products.create({"name": "Call"})
    params: Any = {"product": product.id, "currency": "usd", "recurring": {"interval": "month"}}
    from decimal import Decimal

    tiny = client.v1.prices.create({**params, "unit_amount_decimal": Decimal("0.35")})

    made = subscribe(client, customer, tiny.id, items=[{"price": tiny.id, "quantity": 301}], expand=["latest_invoice"])

    assert (tiny.unit_amount, tiny.unit_amount_decimal) == (None, Decimal("0.35"))
    assert made.latest_invoice.total == 105  # type: ignore[union-attr]


@pytest.mark.behaviour("prices", "packages round up or down", source="docs.stripe.com/products-prices/pricing-models")
@pytest.mark.parametrize(("way", "total"), [("up", 300), ("down", 200)])
def test_a_package_price_counts_whole_packages(client: stripe.StripeClient, way: str, total: int) -> None:
    customer, _ = payer(client)
    packed = price(client, 100, transform_quantity={"divide_by": 10, "round": way})

    made = subscribe(client, customer, packed, items=[{"price": packed, "quantity": 25}], expand=["latest_invoice"])

    assert made.latest_invoice.total == total  # type: ignore[union-attr]


@pytest.mark.behaviour("prices", "what makes no sense is refused", source=f"{PRICES}/create")
@pytest.mark.parametrize(
    "params",
    [
        {},
        {"unit_amount": -1},
        {"billing_scheme": "tiered", "tiers_mode": "volume"},
        {"billing_scheme": "tiered", "tiers_mode": "volume", "tiers": [{"up_to": 5, "unit_amount": 1}]},
        {"unit_amount": 1, "currency": "zzz"},
    ],
)
def test_a_senseless_price_is_refused(client: stripe.StripeClient, params: Any) -> None:
    product = client.v1.products.create({"name": "Pro"})

    with pytest.raises(stripe.InvalidRequestError):
        client.v1.prices.create({"product": product.id, "currency": "usd", **params})


def test_one_time_and_inactive_prices_are_no_subscriptions(client: stripe.StripeClient) -> None:
    customer, _ = payer(client)
    product = client.v1.products.create({"name": "Setup"})
    once = client.v1.prices.create({"product": product.id, "currency": "usd", "unit_amount": 100})
    stale = price(client)
    client.v1.prices.update(stale, {"active": False})

    for wanted in (once.id, stale):
        with pytest.raises(stripe.InvalidRequestError):
            subscribe(client, customer, wanted)


@pytest.mark.behaviour("coupons", "either percent or amount, and a duration that fits", source=f"{COUPONS}/create")
@pytest.mark.parametrize(
    "params",
    [
        {},
        {"percent_off": 10, "amount_off": 10, "currency": "usd"},
        {"percent_off": 101},
        {"amount_off": 100},
        {"percent_off": 10, "duration": "repeating"},
        {"percent_off": 10, "duration": "once", "duration_in_months": 2},
    ],
)
def test_a_senseless_coupon_is_refused(client: stripe.StripeClient, params: Any) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.coupons.create(params)


@pytest.mark.behaviour("coupons", "deleted: no longer given, still honoured", source=f"{COUPONS}/delete")
def test_a_deleted_coupon_is_still_honoured_where_it_was_given(sim: Simulator, client: stripe.StripeClient) -> None:
    from tests.simulator.test_subscriptions import moment

    customer, _ = payer(client)
    client.v1.coupons.create({"id": "HALF", "percent_off": 50, "duration": "forever", "name": "Half"})
    wanted = price(client, 1_000)
    made = subscribe(client, customer, wanted, discounts=[{"coupon": "HALF"}])

    client.v1.coupons.delete("HALF")
    sim.advance(to=moment(2026, 2, 1, 2))

    assert [i.total for i in client.v1.invoices.list({"subscription": made.id}).data] == [500, 500]
    assert client.v1.coupons.list().data == []
    with pytest.raises(stripe.InvalidRequestError):
        subscribe(client, customer, wanted, discounts=[{"coupon": "HALF"}])


@pytest.mark.behaviour("promotion_codes", "a code stands for its coupon", source=CODES)
def test_a_promotion_code_gives_its_coupon(client: stripe.StripeClient) -> None:
    customer, _ = payer(client)
    coupon = client.v1.coupons.create({"percent_off": 20})
    code = client.v1.promotion_codes.create({"promotion": {"type": "coupon", "coupon": coupon.id}, "code": "SPRING"})

    made = subscribe(
        client, customer, price(client, 1_000), discounts=[{"promotion_code": code.id}],
        expand=["latest_invoice", "discounts"],
    )  # fmt: skip

    assert [c.id for c in client.v1.promotion_codes.list({"code": "SPRING"}).data] == [code.id]
    assert client.v1.promotion_codes.retrieve(code.id).active is True
    assert made.latest_invoice.total == 800  # type: ignore[union-attr]
    assert made.discounts[0].source.coupon == coupon.id  # type: ignore[union-attr]


@pytest.mark.behaviour("coupons", "redeem_by is the last moment", source=f"{COUPONS}/create")
def test_a_coupon_after_its_last_day_is_refused(sim: Simulator, client: stripe.StripeClient) -> None:
    customer, _ = payer(client)
    coupon = client.v1.coupons.create({"percent_off": 20, "redeem_by": sim.clock.seconds + 60})
    sim.advance(seconds=60)

    with pytest.raises(stripe.InvalidRequestError) as refused:
        subscribe(client, customer, price(client), discounts=[{"coupon": coupon.id}])

    assert refused.value.code == "coupon_expired"


@pytest.mark.behaviour("tax_rates", "listed and retired, never changed", source="docs.stripe.com/api/tax_rates")
def test_tax_rates_are_listed_and_retired(client: stripe.StripeClient) -> None:
    made = client.v1.tax_rates.create({"display_name": "VAT", "percentage": 19, "inclusive": True, "country": "DE"})

    retired = client.v1.tax_rates.update(made.id, {"active": False})

    assert (made.percentage, made.country, retired.active) == (19, "DE", False)
    assert client.v1.tax_rates.list({"active": True}).data == []
    assert [r.id for r in client.v1.tax_rates.list({"inclusive": True}).data] == [made.id]
    assert client.v1.tax_rates.retrieve(made.id).percentage == 19


@pytest.mark.behaviour("meters", "an identifier counts once", source="docs.stripe.com/api/billing/meter-event/create")
def test_usage_with_the_same_identifier_counts_once(client: stripe.StripeClient) -> None:
    meter = client.v1.billing.meters.create(
        {"display_name": "Calls", "event_name": "calls", "default_aggregation": {"formula": "sum"}}
    )
    usage: Any = {"event_name": "calls", "identifier": "one", "payload": {"stripe_customer_id": "cus_1", "value": "5"}}

    client.v1.billing.meter_events.create(usage)
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.billing.meter_events.create(usage)
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.billing.meter_events.create({**usage, "identifier": "two", "event_name": "unknown"})

    assert client.v1.billing.meters.retrieve(meter.id).event_name == "calls"
    assert [m.id for m in client.v1.billing.meters.list().data] == [meter.id]


@pytest.mark.behaviour("account", "who the key belongs to", source="docs.stripe.com/api/accounts/retrieve")
def test_the_account_is_the_same_in_every_answer(sim: Simulator, client: stripe.StripeClient) -> None:
    account = client.v1.accounts.retrieve_current()

    assert (account.id, account.default_currency) == (sim.world.account.id, "usd")
    assert Simulator(account_id="acct_mine").client().v1.accounts.retrieve_current().id == "acct_mine"
    assert Simulator(livemode=True).client().v1.customers.create({}).livemode is True
