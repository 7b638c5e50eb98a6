"""Changes in mid-period, to the second: credits, debits, previews, and the arithmetic under them."""

from datetime import UTC, datetime
from typing import Any

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st

from stripe_simulator import Simulator
from stripe_simulator.amounts import percent_of, shared
from stripe_simulator.intervals import boundary, next_boundary, previous_boundary
from tests.simulator.stories import payer
from tests.simulator.test_subscriptions import moment, price, subscribe

PRORATIONS = "docs.stripe.com/billing/subscriptions/prorations"
FLEXIBLE = "docs.stripe.com/billing/subscriptions/billing-mode/compare"
UPGRADE = "docs.stripe.com/billing/subscriptions/change-price"
PREVIEW = "docs.stripe.com/api/invoices/create_preview"


def _swap(client: stripe.StripeClient, made: stripe.Subscription, to: str, **more: Any) -> stripe.Subscription:
    item = made["items"]["data"][0]["id"]
    params: Any = {"items": [{"id": item, "price": to, "quantity": 1}], **more}
    return client.v1.subscriptions.update(made.id, params)


@pytest.mark.behaviour(
    "subscriptions", "a swap credits unused and debits remaining time, each line rounded", source=PRORATIONS
)
@pytest.mark.parametrize("mode", ["flexible", "classic"])
def test_a_downgrade_with_two_thirds_left_credits_334_cents(
    sim: Simulator, client: stripe.StripeClient, mode: str
) -> None:
    """April has 30 days: $10 to $5 with 20 of them left is -667 + 333."""
    sim.advance(to=moment(2026, 4, 1))
    customer, _ = payer(client)
    made = subscribe(client, customer, price(client, 1_000), billing_mode={"type": mode})
    sim.advance(to=moment(2026, 4, 11))

    _swap(client, made, price(client, 500))

    pending = client.v1.invoice_items.list({"customer": customer, "pending": True}).data
    assert [i.amount for i in reversed(pending)] == [-667, 333]
    sim.advance(to=moment(2026, 5, 1, 2))
    bill = client.v1.invoices.list({"subscription": made.id}).data[0]
    assert (bill.total, sorted(line.amount for line in bill.lines.data)) == (500 - 334, [-667, 333, 500])


@pytest.mark.behaviour("subscriptions", "always_invoice charges the difference now", source=UPGRADE)
def test_an_upgrade_invoiced_at_once_is_charged_at_once(sim: Simulator, client: stripe.StripeClient) -> None:
    customer, _ = payer(client)
    made = subscribe(client, customer, price(client, 3_100))
    sim.advance(to=moment(2026, 1, 11))

    after = _swap(client, made, price(client, 6_200), proration_behavior="always_invoice", expand=["latest_invoice"])

    bill = after.latest_invoice
    assert isinstance(bill, stripe.Invoice)
    assert (bill.billing_reason, bill.status, bill.total) == ("subscription_update", "paid", 4_200 - 2_100)


@pytest.mark.behaviour(
    "subscriptions", "flexible mode credits what was really debited, one line per debit", source=FLEXIBLE
)
def test_a_second_change_credits_the_first_change_and_not_the_price(
    sim: Simulator, client: stripe.StripeClient
) -> None:
    customer, _ = payer(client)
    made = subscribe(client, customer, price(client, 3_100))
    sim.advance(to=moment(2026, 1, 11))
    _swap(client, made, price(client, 6_200), proration_behavior="always_invoice")
    sim.advance(to=moment(2026, 1, 21))

    _swap(client, made, price(client, 3_100, nickname="back"), proration_behavior="always_invoice")

    bill = client.v1.invoices.list({"subscription": made.id}).data[0]
    credit, debit = bill.lines.data
    assert (credit.amount, debit.amount) == (-2_200, 1_100)
    details = credit.parent.subscription_item_details  # type: ignore[union-attr]
    assert details.proration is True  # type: ignore[union-attr]
    assert details.proration_details.credited_items is not None  # type: ignore[union-attr]


@pytest.mark.behaviour("subscriptions", "proration none changes the price and nothing else", source=PRORATIONS)
def test_no_proration_costs_nothing_now(sim: Simulator, client: stripe.StripeClient) -> None:
    customer, _ = payer(client)
    made = subscribe(client, customer, price(client, 3_100))
    sim.advance(to=moment(2026, 1, 11))

    _swap(client, made, price(client, 6_200), proration_behavior="none")
    sim.advance(to=moment(2026, 2, 1, 2))

    bills = client.v1.invoices.list({"subscription": made.id}).data
    assert [b.total for b in bills] == [6_200, 3_100]


@pytest.mark.behaviour(
    "subscriptions", "a price without quantity resets it to one, an item without id is added", source=UPGRADE
)
def test_the_two_traps_of_items(client: stripe.StripeClient) -> None:
    customer, _ = payer(client)
    made = subscribe(client, customer, price(client), items=[{"price": price(client), "quantity": 5}])
    item = made["items"]["data"][0]["id"]

    changed = client.v1.subscriptions.update(made.id, {"items": [{"id": item, "price": price(client, 100)}]})
    added = client.v1.subscriptions.update(made.id, {"items": [{"price": price(client, 200)}]})

    assert [i["quantity"] for i in changed["items"]["data"]] == [1]
    assert len(added["items"]["data"]) == 2


@pytest.mark.behaviour(
    "subscriptions", "billing_cycle_anchor is an object on update", source="docs.stripe.com/changelog/endive/2026-09-30"
)
def test_a_new_anchor_invoices_a_whole_period_now(sim: Simulator, client: stripe.StripeClient) -> None:
    customer, _ = payer(client)
    made = subscribe(client, customer, price(client, 3_100))
    sim.advance(to=moment(2026, 1, 11))

    with pytest.raises(stripe.InvalidRequestError):
        sim.client(check_types=False).v1.subscriptions.update(made.id, {"billing_cycle_anchor": "now"})  # type: ignore[typeddict-item]
    after = client.v1.subscriptions.update(
        made.id, {"billing_cycle_anchor": {"type": "now"}, "expand": ["latest_invoice"]}
    )

    assert after.billing_cycle_anchor == int(moment(2026, 1, 11).timestamp())
    assert after.latest_invoice.total == 3_100 - 2_100  # type: ignore[union-attr]


@pytest.mark.behaviour("invoices", "a preview says what the change will cost, and changes nothing", source=PREVIEW)
def test_the_preview_and_the_update_agree_to_the_cent(sim: Simulator, client: stripe.StripeClient) -> None:
    customer, _ = payer(client)
    made = subscribe(client, customer, price(client, 3_100))
    sim.advance(to=moment(2026, 1, 8, 13))
    at, bigger = sim.clock.seconds, price(client, 7_777)
    item = made["items"]["data"][0]["id"]
    details: Any = {
        "items": [{"id": item, "price": bigger}], "proration_date": at, "proration_behavior": "always_invoice",
    }  # fmt: skip
    events = len(sim.objects("event"))

    preview = client.v1.invoices.create_preview({"subscription": made.id, "subscription_details": details})
    untouched = len(sim.objects("event")) == events and len(sim.objects("invoice")) == 1
    after = client.v1.subscriptions.update(made.id, {**details, "expand": ["latest_invoice"]})

    assert untouched
    assert (preview.status, preview.id.startswith("upcoming_in_")) == ("draft", True)  # type: ignore[union-attr]
    assert preview.total == after.latest_invoice.total  # type: ignore[union-attr]
    assert [x.amount for x in preview.lines.data] == [x.amount for x in after.latest_invoice.lines.data]  # type: ignore[union-attr]


@pytest.mark.behaviour("invoices", "a preview of the next cycle", source=PREVIEW)
def test_the_next_invoice_is_previewed_with_pending_items(sim: Simulator, client: stripe.StripeClient) -> None:
    customer, _ = payer(client)
    made = subscribe(client, customer, price(client, 3_100))
    client.v1.invoice_items.create({"customer": customer, "amount": 250, "currency": "usd"})

    preview = client.v1.invoices.create_preview({"subscription": made.id})
    sim.advance(to=moment(2026, 2, 1, 2))

    bill = client.v1.invoices.list({"subscription": made.id}).data[0]
    assert preview.total == bill.total == 3_350
    assert preview.created == bill.created


@given(
    start=st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)),  # noqa: DTZ001 - made aware below
    interval=st.sampled_from(["day", "week", "month", "year"]),
    count=st.integers(1, 6),
    after=st.integers(0, 400 * 86_400),
)
def test_boundaries_tile_the_time_line(start: datetime, interval: str, count: int, after: int) -> None:
    anchor = int(start.replace(tzinfo=UTC, microsecond=0).timestamp())

    end = next_boundary(anchor, interval, count, anchor + after)
    begin = previous_boundary(anchor, interval, count, end)

    assert begin <= anchor + after < end
    assert next_boundary(anchor, interval, count, begin) == end
    assert boundary(anchor, interval, count, 0) == anchor


@given(total=st.integers(0, 10**9), weights=st.lists(st.integers(0, 10**6), min_size=1, max_size=20))
def test_shares_sum_to_the_total(total: int, weights: list[int]) -> None:
    shares = shared(total, weights)

    assert sum(shares) == (total if sum(weights) else 0)
    assert all(share >= 0 for share in shares)


@given(amount=st.integers(-(10**9), 10**9), percent=st.integers(0, 10_000).map(lambda p: p / 100))
def test_a_percentage_is_odd_and_within_half_a_unit(amount: int, percent: float) -> None:
    part = percent_of(amount, percent)

    assert percent_of(-amount, percent) == -part
    assert abs(part - amount * percent / 100) <= 0.5 + 1e-6
