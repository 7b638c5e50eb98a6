"""Invoices made by hand, their items, discounts, taxes, balances and credit notes; prices of every shape."""

from typing import Any

import pytest
import stripe

from stripe_simulator import Simulator
from tests.simulator.stories import payer, told
from tests.simulator.test_subscriptions import moment, price, subscribe

WORKFLOW = "docs.stripe.com/invoicing/integration/workflow-transitions"
BALANCE = "docs.stripe.com/billing/customer/balance"
DISCOUNTS = "docs.stripe.com/billing/subscriptions/coupons"
TAXES = "docs.stripe.com/billing/taxes/tax-rates"
TIERS = "docs.stripe.com/products-prices/pricing-models"
NOTES = "docs.stripe.com/invoicing/dashboard/credit-notes"
USAGE = "docs.stripe.com/billing/subscriptions/usage-based"


def _invoice(client: stripe.StripeClient, customer: str, *amounts: int, **more: Any) -> stripe.Invoice:
    params: Any = {"customer": customer, "currency": "usd", **more}
    invoice = client.v1.invoices.create(params)
    for amount in amounts:
        client.v1.invoice_items.create(
            {"customer": customer, "invoice": str(invoice.id), "amount": amount, "currency": "usd"}
        )
    return client.v1.invoices.retrieve(str(invoice.id))


@pytest.mark.behaviour("invoices", "draft, open, paid", source=WORKFLOW)
def test_a_draft_is_finalized_and_paid(sim: Simulator, client: stripe.StripeClient) -> None:
    customer, _ = payer(client)
    draft = _invoice(client, customer, 1_000, 250)

    opened = client.v1.invoices.finalize_invoice(str(draft.id))
    paid = client.v1.invoices.pay(str(draft.id), {"expand": ["payments"]})

    assert (draft.status, draft.total, draft.number) == ("draft", 1_250, None)
    assert (opened.status, opened.amount_due, opened.number is not None) == ("open", 1_250, True)
    assert (paid.status, paid.amount_paid, paid.payments.data[0].status) == ("paid", 1_250, "paid")  # type: ignore[union-attr]
    link = {"type": "payment_intent", "payment_intent": paid.payments.data[0].payment.payment_intent}  # type: ignore[union-attr]
    assert [p.invoice for p in client.v1.invoice_payments.list({"payment": link}).data] == [draft.id]  # type: ignore[typeddict-item]


@pytest.mark.behaviour("invoices", "a declined payment is 402, the invoice stays open", source=WORKFLOW)
def test_a_declined_invoice_stays_open(sim: Simulator, client: stripe.StripeClient) -> None:
    customer, _ = payer(client, "pm_card_chargeCustomerFail")
    draft = _invoice(client, customer, 1_000)

    with pytest.raises(stripe.CardError):
        client.v1.invoices.pay(str(draft.id))

    after = client.v1.invoices.retrieve(str(draft.id))
    assert (after.status, after.attempted, after.attempt_count) == ("open", True, 1)
    assert "invoice.payment_failed" in told(sim, str(draft.id))


@pytest.mark.behaviour("invoices", "void and uncollectible, and what they still allow", source=WORKFLOW)
def test_only_allowed_moves_are_made(client: stripe.StripeClient) -> None:
    customer, _ = payer(client)
    forgiven, gone = (_invoice(client, customer, 1_000) for _ in range(2))
    for one in (forgiven, gone):
        client.v1.invoices.finalize_invoice(str(one.id))

    written_off = client.v1.invoices.mark_uncollectible(str(forgiven.id))
    voided = client.v1.invoices.void_invoice(str(gone.id))
    late = client.v1.invoices.pay(str(forgiven.id))

    assert (written_off.status, late.status, voided.status) == ("uncollectible", "paid", "void")
    for move in (client.v1.invoices.pay, client.v1.invoices.finalize_invoice, client.v1.invoices.mark_uncollectible):
        with pytest.raises(stripe.InvalidRequestError):
            move(str(gone.id))


@pytest.mark.behaviour("invoices", "voiding cancels the intent", source="SDK 16.1 PaymentIntent.cancellation_reason")
def test_voiding_cancels_the_payment_intent(client: stripe.StripeClient) -> None:
    customer, _ = payer(client)
    draft = _invoice(client, customer, 1_000)
    client.v1.invoices.finalize_invoice(str(draft.id))

    client.v1.invoices.void_invoice(str(draft.id))

    (intent,) = client.v1.payment_intents.list({"customer": customer}).data
    assert (intent.status, intent.cancellation_reason) == ("canceled", "void_invoice")


@pytest.mark.behaviour("customers", "credit balance pays first, small change is carried over", source=BALANCE)
@pytest.mark.parametrize(
    ("balance", "total", "due", "left"),
    [(-300, 1_000, 700, 0), (-1_500, 1_000, 0, -500), (200, 1_000, 1_200, 0), (0, 30, 0, 30)],
)
def test_the_customers_balance_is_applied(
    client: stripe.StripeClient, balance: int, total: int, due: int, left: int
) -> None:
    customer, _ = payer(client, balance=balance)
    draft = _invoice(client, customer, total)

    done = client.v1.invoices.finalize_invoice(str(draft.id))

    assert (done.amount_due, done.starting_balance, done.ending_balance) == (due, balance, left)
    assert done.status == ("open" if due else "paid")
    assert client.v1.customers.retrieve(customer).balance == left


@pytest.mark.behaviour("coupons", "percent and amount, once and for ever", source=DISCOUNTS)
@pytest.mark.parametrize(
    ("coupon", "totals"),
    [
        ({"percent_off": 25, "duration": "once"}, [750, 1_000]),
        ({"amount_off": 400, "currency": "usd", "duration": "forever"}, [600, 600]),
        ({"percent_off": 50, "duration": "repeating", "duration_in_months": 1}, [500, 1_000]),
    ],
)
def test_a_coupon_lowers_invoices_as_long_as_it_lasts(
    sim: Simulator, client: stripe.StripeClient, coupon: Any, totals: list[int]
) -> None:
    customer, _ = payer(client)
    made = client.v1.coupons.create(coupon)

    subscription = subscribe(client, customer, price(client, 1_000), discounts=[{"coupon": made.id}])
    sim.advance(to=moment(2026, 2, 1, 2))

    bills = client.v1.invoices.list({"subscription": subscription.id}).data
    assert [b.total for b in reversed(bills)] == totals
    assert client.v1.coupons.retrieve(made.id).times_redeemed == 1


@pytest.mark.behaviour("coupons", "several discounts apply one after the other", source=DISCOUNTS)
def test_the_second_discount_applies_to_what_the_first_left(client: stripe.StripeClient) -> None:
    customer, _ = payer(client)
    half, tenth = (client.v1.coupons.create({"percent_off": p}).id for p in (50, 10))

    draft = _invoice(client, customer, discounts=[{"coupon": half}, {"coupon": tenth}])
    client.v1.invoice_items.create({"customer": customer, "invoice": str(draft.id), "amount": 1_000, "currency": "usd"})

    after = client.v1.invoices.retrieve(str(draft.id))
    assert (after.total, [d.amount for d in after.total_discount_amounts or []]) == (450, [500, 50])


@pytest.mark.behaviour("coupons", "a used-up coupon is refused", source=DISCOUNTS)
def test_a_used_up_coupon_is_refused(client: stripe.StripeClient) -> None:
    customer, _ = payer(client)
    client.v1.coupons.create({"id": "ONCE", "percent_off": 10, "max_redemptions": 1})
    wanted = price(client)
    subscribe(client, customer, wanted, discounts=[{"coupon": "ONCE"}])

    with pytest.raises(stripe.InvalidRequestError) as refused:
        subscribe(client, customer, wanted, discounts=[{"coupon": "ONCE"}])

    assert refused.value.code == "coupon_expired"


@pytest.mark.behaviour("tax_rates", "exclusive adds, inclusive is contained", source=TAXES)
@pytest.mark.parametrize(("inclusive", "total", "tax"), [(False, 1_200, 200), (True, 1_000, 167)])
def test_taxes_are_added_or_contained(client: stripe.StripeClient, inclusive: bool, total: int, tax: int) -> None:
    customer, _ = payer(client)
    rate = client.v1.tax_rates.create({"display_name": "VAT", "percentage": 20, "inclusive": inclusive})

    draft = _invoice(client, customer, 1_000, default_tax_rates=[rate.id])

    assert (draft.total, draft.total_taxes[0].amount, draft.subtotal) == (total, tax, 1_000)  # type: ignore[index]
    assert draft.total_excluding_tax == total - tax


@pytest.mark.behaviour("prices", "graduated and volume tiers", source=TIERS)
@pytest.mark.parametrize(
    ("mode", "quantity", "total"),
    [("graduated", 5, 500), ("graduated", 15, 1_000 + 5 * 80), ("volume", 5, 500), ("volume", 15, 15 * 80)],
)
def test_tiers_price_a_quantity(client: stripe.StripeClient, mode: str, quantity: int, total: int) -> None:
    customer, _ = payer(client)
    product = client.v1.products.create({"name": "Seats"})
    tiers: Any = [{"up_to": 10, "unit_amount": 100}, {"up_to": "inf", "unit_amount": 80}]
    params: Any = {
        "product": product.id, "currency": "usd", "recurring": {"interval": "month"}, "billing_scheme": "tiered",
        "tiers_mode": mode, "tiers": tiers,
    }  # fmt: skip
    tiered = client.v1.prices.create({**params, "expand": ["tiers"]})

    made = subscribe(
        client, customer, tiered.id, items=[{"price": tiered.id, "quantity": quantity}], expand=["latest_invoice"]
    )

    assert made.latest_invoice.total == total  # type: ignore[union-attr]
    assert [t.up_to for t in tiered.tiers or []] == [10, None]


@pytest.mark.behaviour("prices", "metered usage is billed when its period ends", source=USAGE)
def test_metered_usage_is_billed_in_arrears(sim: Simulator, client: stripe.StripeClient) -> None:
    customer, _ = payer(client)
    meter = client.v1.billing.meters.create(
        {"display_name": "Calls", "event_name": "calls", "default_aggregation": {"formula": "sum"}}
    )
    metered = price(client, 3, recurring={"interval": "month", "usage_type": "metered", "meter": meter.id})
    made = subscribe(client, customer, metered)
    for day, value in ((5, "100"), (20, "250")):
        sim.advance(to=moment(2026, 1, day))
        client.v1.billing.meter_events.create(
            {"event_name": "calls", "payload": {"stripe_customer_id": customer, "value": value}}
        )

    sim.advance(to=moment(2026, 2, 1, 2))

    bills = client.v1.invoices.list({"subscription": made.id}).data
    assert [b.total for b in bills] == [1_050, 0]


@pytest.mark.behaviour("credit_notes", "lower an open invoice, give back a paid one", source=NOTES)
def test_a_credit_note_lowers_what_is_open_and_gives_back_what_was_paid(
    sim: Simulator, client: stripe.StripeClient
) -> None:
    customer, _ = payer(client)
    opened, paid = (_invoice(client, customer, 1_000) for _ in range(2))
    client.v1.invoices.finalize_invoice(str(opened.id))
    client.v1.invoices.pay(str(paid.id))

    before = client.v1.credit_notes.create({"invoice": str(opened.id), "amount": 400})
    after = client.v1.credit_notes.create(
        {"invoice": str(paid.id), "amount": 300, "refund_amount": 100, "credit_amount": 200}
    )

    left = client.v1.invoices.retrieve(str(opened.id))
    assert (before.type, left.amount_remaining, left.pre_payment_credit_notes_amount) == ("pre_payment", 600, 400)
    assert (after.type, client.v1.customers.retrieve(customer).balance) == ("post_payment", -200)
    assert [r.amount for r in client.v1.refunds.list().data] == [100]
    assert client.v1.invoices.pay(str(opened.id)).amount_paid == 600


@pytest.mark.behaviour("invoices", "ten lines inline, the rest in pages", source="docs.stripe.com/api/invoices/object")
def test_an_invoice_shows_ten_lines_and_pages_the_rest(client: stripe.StripeClient) -> None:
    customer, _ = payer(client)

    draft = _invoice(client, customer, *range(100, 112))
    rest = client.v1.invoices.line_items.list(str(draft.id), {"limit": 100})

    assert (len(draft.lines.data), draft.lines.has_more, len(rest.data)) == (10, True, 12)
    assert sum(line.amount for line in rest.data) == draft.total


@pytest.mark.behaviour("test_clocks", "a customer's own time", source="docs.stripe.com/billing/testing/test-clocks")
def test_a_test_clock_moves_its_customer_and_nobody_else(sim: Simulator, client: stripe.StripeClient) -> None:
    start = int(moment(2026, 6, 1).timestamp())
    clock = client.v1.test_helpers.test_clocks.create({"frozen_time": start})
    customer, _ = payer(client, test_clock=clock.id)
    other, _ = payer(client)
    wanted = price(client)
    made, still = (subscribe(client, c, wanted) for c in (customer, other))

    moving = client.v1.test_helpers.test_clocks.advance(
        clock.id, {"frozen_time": int(moment(2026, 7, 1, 2).timestamp())}
    )

    assert (moving.status, client.v1.test_helpers.test_clocks.retrieve(clock.id).status) == ("advancing", "ready")
    assert [i.status for i in client.v1.invoices.list({"subscription": made.id}).data] == ["paid", "paid"]
    assert len(client.v1.invoices.list({"subscription": still.id}).data) == 1
    assert [s.id for s in client.v1.subscriptions.list().data] == [still.id]
    assert [c.id for c in client.v1.customers.list().data] == [other]
    assert [c.id for c in client.v1.customers.list({"test_clock": clock.id}).data] == [customer]
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.test_helpers.test_clocks.advance(clock.id, {"frozen_time": int(moment(2026, 12, 1).timestamp())})
