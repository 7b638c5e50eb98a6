"""Subscriptions: first invoices, renewals, trials, failures, pauses and the end."""

from datetime import UTC, datetime
from typing import Any

import pytest
import stripe

from stripe_simulator import Simulator
from tests.simulator.stories import payer, told

DAY = 86_400
LIFECYCLE = "docs.stripe.com/billing/subscriptions/overview"
TRIALS = "docs.stripe.com/billing/subscriptions/trials"
ANCHOR = "docs.stripe.com/billing/subscriptions/billing-cycle"
RETRIES = "docs.stripe.com/billing/revenue-recovery/smart-retries"


def price(client: stripe.StripeClient, amount: int = 4_900, **more: Any) -> str:
    """A monthly price of a new product."""
    product = client.v1.products.create({"name": "Pro"})
    params: Any = {"product": product.id, "currency": "usd", "unit_amount": amount, "recurring": {"interval": "month"}}
    return client.v1.prices.create({**params, **more}).id


def subscribe(client: stripe.StripeClient, customer: str, price_id: str, **more: Any) -> stripe.Subscription:
    """One subscription of one unit."""
    params: Any = {"customer": customer, "items": [{"price": price_id}], **more}
    return client.v1.subscriptions.create(params)


def moment(year: int, month: int, day: int, hour: int = 0) -> datetime:
    """An hour in UTC."""
    return datetime(year, month, day, hour, tzinfo=UTC)


@pytest.mark.behaviour("subscriptions", "the first invoice is paid inside the create request", source=LIFECYCLE)
def test_the_first_invoice_is_charged_at_once(sim: Simulator, client: stripe.StripeClient) -> None:
    customer, _ = payer(client)

    made = subscribe(client, customer, price(client), expand=["latest_invoice.payments.data.payment.payment_intent"])

    invoice = made.latest_invoice
    assert isinstance(invoice, stripe.Invoice)
    assert (made.status, invoice.status, invoice.amount_paid, invoice.billing_reason) == (
        "active", "paid", 4_900, "subscription_create",
    )  # fmt: skip
    assert invoice.payments.data[0].payment.payment_intent.status == "succeeded"  # type: ignore[union-attr]
    assert invoice.parent.subscription_details.subscription == made.id  # type: ignore[union-attr]
    assert told(sim, str(invoice.id)) == [
        "invoice.created", "invoice.finalized", "invoice.updated", "invoice.paid", "invoice.payment_succeeded",
    ]  # fmt: skip
    assert told(sim, made.id) == ["customer.subscription.created"]


@pytest.mark.behaviour("subscriptions", "a renewal is a draft for an hour, then paid", source=LIFECYCLE)
def test_a_renewal_is_drafted_at_the_boundary_and_paid_an_hour_later(
    sim: Simulator, client: stripe.StripeClient
) -> None:
    customer, _ = payer(client)
    made = subscribe(client, customer, price(client))

    sim.advance(to=moment(2026, 2, 1))
    (draft, *_) = client.v1.invoices.list({"subscription": made.id}).data
    sim.advance(seconds=3_600)
    paid = client.v1.invoices.retrieve(str(draft.id))

    assert (draft.status, draft.billing_reason, draft.auto_advance) == ("draft", "subscription_cycle", True)
    assert draft.automatically_finalizes_at == draft.created + 3_600
    assert (paid.status, paid.amount_paid) == ("paid", 4_900)
    (line,) = paid.lines.data
    assert (line.period.start, line.period.end) == tuple(int(moment(2026, m, 1).timestamp()) for m in (2, 3))
    assert (paid.period_start, paid.period_end) == tuple(int(moment(2026, m, 1).timestamp()) for m in (1, 2))


@pytest.mark.behaviour("subscriptions", "the anchor's day survives short months", source=ANCHOR)
def test_a_subscription_from_the_31st_renews_on_the_last_day(client: stripe.StripeClient) -> None:
    sim = Simulator(now=moment(2026, 1, 31, 12))
    client = sim.client()
    customer, _ = payer(client)
    made = subscribe(client, customer, price(client))
    ends = []

    for _ in range(4):
        ends.append(client.v1.subscriptions.retrieve(made.id)["items"]["data"][0]["current_period_end"])
        sim.advance(to=datetime.fromtimestamp(ends[-1], UTC))

    assert [datetime.fromtimestamp(e, UTC).strftime("%m-%d %H") for e in ends] == [
        "02-28 12",
        "03-31 12",
        "04-30 12",
        "05-31 12",
    ]


@pytest.mark.behaviour("subscriptions", "a declined first payment leaves it incomplete for 23 hours", source=LIFECYCLE)
def test_an_incomplete_subscription_expires_after_23_hours(sim: Simulator, client: stripe.StripeClient) -> None:
    customer, _ = payer(client, "pm_card_chargeCustomerFail")

    made = subscribe(client, customer, price(client))
    sim.advance(seconds=23 * 3_600)

    after = client.v1.subscriptions.retrieve(made.id)
    invoice = client.v1.invoices.retrieve(str(made.latest_invoice))
    assert (made.status, after.status, invoice.status) == ("incomplete", "incomplete_expired", "void")


@pytest.mark.behaviour(
    "subscriptions", "error_if_incomplete leaves nothing behind", source="SDK 16.1 subscription params"
)
def test_error_if_incomplete_leaves_nothing(sim: Simulator, client: stripe.StripeClient) -> None:
    customer, _ = payer(client, "pm_card_chargeCustomerFail")
    wanted = price(client)

    with pytest.raises(stripe.CardError):
        subscribe(client, customer, wanted, payment_behavior="error_if_incomplete")

    assert (sim.objects("subscription"), sim.objects("invoice"), sim.objects("payment_intent")) == ([], [], [])


@pytest.mark.behaviour("subscriptions", "default_incomplete waits for the customer", source=LIFECYCLE)
def test_default_incomplete_becomes_active_when_its_intent_is_confirmed(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create({}).id

    made = subscribe(
        client, customer, price(client), payment_behavior="default_incomplete",
        expand=["latest_invoice.confirmation_secret"],
    )  # fmt: skip
    secret = made.latest_invoice.confirmation_secret.client_secret  # type: ignore[union-attr]
    client.v1.payment_intents.confirm(secret.split("_secret")[0], {"payment_method": "pm_card_visa"})

    assert made.status == "incomplete"
    assert client.v1.subscriptions.retrieve(made.id).status == "active"


@pytest.mark.behaviour(
    "subscriptions", "failed renewals are retried, then the account's setting decides", source=RETRIES
)
@pytest.mark.parametrize(("setting", "end"), [("past_due", "past_due"), ("canceled", "canceled"), ("unpaid", "unpaid")])
def test_a_renewal_nobody_pays_ends_as_the_account_wants(
    sim: Simulator, client: stripe.StripeClient, setting: str, end: str
) -> None:
    sim.world.account.after_last_retry = setting
    customer, method = payer(client)
    made = subscribe(client, customer, price(client))
    client.v1.payment_methods.update(method, {"metadata": {"sim_decline_code": "insufficient_funds"}})

    sim.advance(to=moment(2026, 2, 2))
    first = client.v1.subscriptions.retrieve(made.id, {"expand": ["latest_invoice"]})
    sim.advance(to=moment(2026, 2, 27))
    last = client.v1.subscriptions.retrieve(made.id, {"expand": ["latest_invoice"]})

    assert (first.status, first.latest_invoice.attempt_count) == ("past_due", 1)  # type: ignore[union-attr]
    assert first.latest_invoice.next_payment_attempt is not None  # type: ignore[union-attr]
    assert (last.status, last.latest_invoice.attempt_count) == (end, 4)  # type: ignore[union-attr]
    assert told(sim, str(last.latest_invoice.id)).count("invoice.payment_failed") == 4  # type: ignore[union-attr]


@pytest.mark.behaviour("subscriptions", "a retry that pays brings it back", source=RETRIES)
def test_a_past_due_subscription_recovers_with_a_retry(sim: Simulator, client: stripe.StripeClient) -> None:
    customer, method = payer(client)
    made = subscribe(client, customer, price(client))
    client.v1.payment_methods.update(method, {"metadata": {"sim_decline_until": "2026-02-08"}})

    sim.advance(to=moment(2026, 2, 20))

    after = client.v1.subscriptions.retrieve(made.id, {"expand": ["latest_invoice"]})
    assert (after.status, after.latest_invoice.status, after.latest_invoice.attempt_count) == ("active", "paid", 3)  # type: ignore[union-attr]


@pytest.mark.behaviour("subscriptions", "a trial starts with a $0 invoice and ends with a real one", source=TRIALS)
def test_a_trial_warns_ends_and_charges(sim: Simulator, client: stripe.StripeClient) -> None:
    customer, _ = payer(client)
    made = subscribe(client, customer, price(client), trial_period_days=14, expand=["latest_invoice"])

    sim.advance(seconds=14 * DAY + 3_600)

    after = client.v1.subscriptions.retrieve(made.id, {"expand": ["latest_invoice"]})
    assert (made.status, made.latest_invoice.amount_due, made.latest_invoice.status) == ("trialing", 0, "paid")  # type: ignore[union-attr]
    assert (after.status, after.latest_invoice.amount_paid) == ("active", 4_900)  # type: ignore[union-attr]
    assert "customer.subscription.trial_will_end" in told(sim, made.id)


@pytest.mark.behaviour("subscriptions", "a trial without a payment method pauses or cancels when asked", source=TRIALS)
@pytest.mark.parametrize(("wish", "status"), [("pause", "paused"), ("cancel", "canceled")])
def test_a_trial_without_a_card_ends_as_asked(
    sim: Simulator, client: stripe.StripeClient, wish: str, status: str
) -> None:
    customer = client.v1.customers.create({}).id
    settings = {"end_behavior": {"missing_payment_method": wish}}
    made = subscribe(client, customer, price(client), trial_period_days=7, trial_settings=settings)

    sim.advance(seconds=8 * DAY)

    after = client.v1.subscriptions.retrieve(made.id)
    assert after.status == status
    if status == "paused":
        assert after.status_details.paused.subscription.type == "trial_end_without_payment_method"  # type: ignore[union-attr]


@pytest.mark.behaviour("subscriptions", "a future anchor with proration none bills nothing before it", source=ANCHOR)
def test_a_mirror_with_a_future_anchor_owes_nothing_until_then(sim: Simulator, client: stripe.StripeClient) -> None:
    customer, _ = payer(client)
    anchor = int(moment(2026, 1, 20).timestamp())

    made = subscribe(client, customer, price(client), billing_cycle_anchor=anchor, proration_behavior="none")
    held = client.v1.subscriptions.update(made.id, {"pause_collection": {"behavior": "void"}})
    sim.advance(to=moment(2026, 3, 1))

    assert (made.status, made.latest_invoice, held.pause_collection.behavior) == ("active", None, "void")  # type: ignore[union-attr]
    invoices = client.v1.invoices.list({"subscription": made.id}).data
    assert [(i.status, i.total) for i in invoices] == [("void", 4_900), ("void", 4_900)]
    assert sim.objects("payment_intent") == []
    assert client.v1.subscriptions.retrieve(made.id).status == "active"


@pytest.mark.behaviour(
    "subscriptions", "the anchor lies at most one interval ahead", source="SDK 16.1 subscription params"
)
def test_an_anchor_beyond_the_next_billing_date_is_refused(client: stripe.StripeClient) -> None:
    customer, _ = payer(client)

    with pytest.raises(stripe.InvalidRequestError) as refused:
        subscribe(client, customer, price(client), billing_cycle_anchor=int(moment(2026, 2, 2).timestamp()))

    assert refused.value.param == "billing_cycle_anchor"


@pytest.mark.behaviour("subscriptions", "a partial first period costs its share", source=ANCHOR)
def test_a_future_anchor_bills_the_share_up_to_it(client: stripe.StripeClient) -> None:
    customer, _ = payer(client)
    anchor = int(moment(2026, 1, 16).timestamp())

    made = subscribe(client, customer, price(client, 3_100), billing_cycle_anchor=anchor, expand=["latest_invoice"])

    assert made.latest_invoice.total == 1_500  # type: ignore[union-attr]


@pytest.mark.behaviour("subscriptions", "cancel_at_period_end ends it at the boundary", source=LIFECYCLE)
def test_cancel_at_period_end_ends_at_the_boundary(sim: Simulator, client: stripe.StripeClient) -> None:
    customer, _ = payer(client)
    made = subscribe(client, customer, price(client))

    asked = client.v1.subscriptions.update(made.id, {"cancel_at_period_end": True})
    sim.advance(to=moment(2026, 2, 1, 2))

    after = client.v1.subscriptions.retrieve(made.id)
    assert (asked.status, asked.canceled_at is not None) == ("active", True)
    assert (after.status, after.ended_at) == ("canceled", int(moment(2026, 2, 1).timestamp()))
    assert told(sim, made.id)[-1] == "customer.subscription.deleted"
    assert len(client.v1.invoices.list({"subscription": made.id}).data) == 1


@pytest.mark.behaviour(
    "subscriptions", "a canceled one is gone from default lists", source="SDK 16.1 subscription list params"
)
def test_lists_hide_what_has_ended_unless_asked(client: stripe.StripeClient) -> None:
    customer, _ = payer(client)
    wanted = price(client)
    gone, kept = (subscribe(client, customer, wanted) for _ in range(2))

    canceled = client.v1.subscriptions.cancel(gone.id)

    def found(**more: Any) -> list[str]:
        return [s.id for s in client.v1.subscriptions.list({"customer": customer, **more}).data]  # type: ignore[typeddict-item]

    assert canceled.status == "canceled"
    assert (found(), found(status="canceled"), len(found(status="all"))) == ([kept.id], [gone.id], 2)


@pytest.mark.behaviour("customers", "deleting one cancels its subscriptions", source="SDK 16.1 _customer.py")
def test_a_deleted_customer_loses_its_subscriptions(client: stripe.StripeClient) -> None:
    customer, _ = payer(client)
    made = subscribe(client, customer, price(client))

    client.v1.customers.delete(customer)

    assert client.v1.subscriptions.retrieve(made.id).status == "canceled"


@pytest.mark.behaviour(
    "subscriptions", "send_invoice waits for its due date", source="docs.stripe.com/billing/collection-method"
)
def test_an_invoice_sent_by_mail_becomes_overdue(sim: Simulator, client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create({"email": "ada@example.com"}).id
    made = subscribe(client, customer, price(client), collection_method="send_invoice", days_until_due=10)

    sim.advance(seconds=3_700)
    (opened,) = client.v1.invoices.list({"subscription": made.id}).data
    sim.advance(seconds=11 * DAY)

    assert (opened.status, opened.due_date is not None) == ("open", True)
    assert "invoice.overdue" in told(sim, str(opened.id))
    paid = client.v1.invoices.pay(str(opened.id), {"paid_out_of_band": True})
    assert (paid.status, paid.amount_paid) == ("paid", 4_900)
