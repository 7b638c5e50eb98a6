"""Customers and mirrors: who is gone, how somebody pays, what Stripe ended by itself."""

from typing import Any

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.event_store import EventStore
from billing_pipeline.adapters.stores.inbox_store import InboxStore
from billing_pipeline.adapters.tables import billing, catalog, stripe
from billing_pipeline.flows.record_payments import ReceivedMoney, record_payment
from tests import seeds
from tests.fakes import START
from tests.flows.event_world import T0, EventWorld, event, intent


@pytest.fixture
def world(db: Database) -> EventWorld:
    seeds.insert_account(db)
    seeds.insert_payment_method(db)
    return EventWorld(db, EventStore(db))


def method(name: str, customer: str | None = "cus_acme", **card: Any) -> dict[str, Any]:
    """A Mastercard."""
    details = {
        "brand": "mastercard",
        "last4": "4444",
        "fingerprint": "fp_m",
        "exp_month": 7,
        "exp_year": 2031,
        "country": "US",
    }
    return {
        "id": name,
        "object": "payment_method",
        "type": "card",
        "customer": customer,
        "created": T0,
        "card": details | card,
    }


WIRE = ReceivedMoney(4900, "usd", "wire", "NTRF 42", START, "ann", "inv-1", "acme")


def methods(world: EventWorld) -> dict[str, dict[str, Any]]:
    return {row["payment_method_id"]: row for row in seeds.fetch(world.db, catalog.payment_methods)}


def test_a_deleted_customer_is_flagged_once(world: EventWorld) -> None:
    gone = {"id": "cus_acme", "object": "customer", "deleted": True}
    world.stripe.hold("/v1/customers/cus_acme", gone)
    world.tell(event("customer.deleted", {"id": "cus_acme", "object": "customer"}))

    world.apply()

    (account,) = seeds.fetch(world.db, catalog.accounts)
    assert account["customer_deleted_at"] is not None


def test_an_attached_card_is_kept_and_does_not_become_the_default(world: EventWorld) -> None:
    world.stripe.hold("/v1/payment_methods/pm_new", method("pm_new"))
    world.tell(event("payment_method.attached", method("pm_new")))

    world.apply()

    assert methods(world)["pm_new"]["fingerprint"] == "fp_m"
    assert {name: row["is_default"] for name, row in methods(world).items()} == {"pm_acme": True, "pm_new": False}


def test_a_card_renewed_by_its_bank_keeps_being_the_default(world: EventWorld) -> None:
    world.stripe.hold("/v1/payment_methods/pm_acme", method("pm_acme", exp_year=2035))
    world.tell(event("payment_method.automatically_updated", method("pm_acme")))

    world.apply()

    row = methods(world)["pm_acme"]
    assert (row["exp_year"], row["is_default"]) == (2035, True)


def test_a_detached_card_is_never_charged_again(world: EventWorld) -> None:
    world.stripe.hold("/v1/payment_methods/pm_acme", method("pm_acme", customer=None))
    world.tell(event("payment_method.detached", method("pm_acme", customer=None)))

    world.apply()

    row = methods(world)["pm_acme"]
    assert (row["is_default"], row["detached_at"] is not None) == (False, True)


def test_a_card_confirmed_for_later_use_becomes_the_default(world: EventWorld) -> None:
    setup = {
        "id": "seti_1",
        "object": "setup_intent",
        "status": "succeeded",
        "customer": "cus_acme",
        "payment_method": "pm_new",
    }
    world.stripe.hold("/v1/setup_intents/seti_1", setup | {"payment_method": method("pm_new")})
    world.tell(event("setup_intent.succeeded", setup))

    world.apply()

    assert {name: row["is_default"] for name, row in methods(world).items()} == {"pm_acme": False, "pm_new": True}


def customer_with(default: dict[str, Any]) -> dict[str, Any]:
    """The customer as it is read: with its default payment method expanded."""
    return {"id": "cus_acme", "object": "customer", "invoice_settings": {"default_payment_method": default}}


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["attached, then chosen", "chosen, then attached"])
def test_the_customers_default_in_stripe_is_followed_whichever_is_told_first(
    world: EventWorld, order: tuple[int, int]
) -> None:
    world.stripe.hold("/v1/customers/cus_acme", customer_with(method("pm_other")))
    world.stripe.hold("/v1/payment_methods/pm_other", method("pm_other"))
    chosen = {"id": "cus_acme", "object": "customer", "invoice_settings": {"default_payment_method": "pm_other"}}
    facts = (event("payment_method.attached", method("pm_other")), event("customer.updated", chosen))

    for number in order:
        world.tell(facts[number])
        world.apply()

    assert {name: row["is_default"] for name, row in methods(world).items()} == {"pm_acme": False, "pm_other": True}


def test_a_stranger_is_ignored(world: EventWorld) -> None:
    world.stripe.hold("/v1/payment_methods/pm_x", method("pm_x", customer="cus_x"))
    world.tell(event("payment_method.attached", method("pm_x", customer="cus_x")))

    applied = world.apply()

    assert (applied.ignored, "pm_x" in methods(world)) == (1, False)


def mirror(status: str, **values: Any) -> dict[str, Any]:
    """The mirror of s1."""
    row = {
        "id": "sub_1",
        "object": "subscription",
        "status": status,
        "metadata": {"subscription_id": "s1", "mirror": "1"},
    }
    return row | {"pause_collection": {"behavior": "void"}, "ended_at": T0 + 60} | values


def test_a_mirror_ended_in_stripe_cancels_our_subscription(world: EventWorld) -> None:
    seeds.insert_price(world.db)
    seeds.insert_subscription(world.db, stripe_subscription_id="sub_1", mirror_state="held")
    world.stripe.hold("/v1/subscriptions/sub_1", mirror("canceled"))
    world.tell(event("customer.subscription.deleted", mirror("canceled")))

    world.apply()

    (change,) = seeds.fetch(world.db, billing.subscription_changes)
    (subscription,) = seeds.fetch(world.db, billing.subscriptions)
    assert (change["kind"], change["requested_by"], subscription["mirror_state"]) == ("cancel", "stripe", "canceled")


def test_a_mirror_that_we_ended_ourselves_is_only_noted(world: EventWorld) -> None:
    seeds.insert_price(world.db)
    seeds.insert_subscription(world.db, stripe_subscription_id="sub_1", mirror_state="held", state="canceled")
    world.stripe.hold("/v1/subscriptions/sub_1", mirror("canceled"))
    world.tell(event("customer.subscription.deleted", mirror("canceled")))

    world.apply()

    assert seeds.fetch(world.db, billing.subscription_changes) == []


def test_a_mirror_deleted_in_an_old_event_but_alive_now_cancels_nothing(world: EventWorld) -> None:
    seeds.insert_price(world.db)
    seeds.insert_subscription(world.db, stripe_subscription_id="sub_1", mirror_state="held")
    world.stripe.hold("/v1/subscriptions/sub_1", mirror("active", ended_at=None))
    world.tell(event("customer.subscription.deleted", mirror("canceled")))

    world.apply()

    (subscription,) = seeds.fetch(world.db, billing.subscriptions)
    assert (subscription["mirror_state"], seeds.fetch(world.db, billing.subscription_changes)) == ("held", [])


def stripe_invoice(status: str, paid: int = 4900, **values: Any) -> dict[str, Any]:
    """An invoice of sub_1 that Stripe billed, with its payment intent expanded."""
    payment = {"status": "paid", "is_default": True, "payment": {"type": "payment_intent", "payment_intent": {
        "id": "pi_s", "object": "payment_intent", "latest_charge": "ch_s"}}}  # fmt: skip
    row = {"id": "in_1", "object": "invoice", "status": status, "currency": "usd", "subtotal": 4900, "total": 4900}
    row |= {
        "amount_due": 4900,
        "amount_paid": paid,
        "created": T0,
        "customer": "cus_acme",
        "period_start": T0,
        "period_end": T0,
    }
    row |= {
        "parent": {"subscription_details": {"subscription": "sub_1"}},
        "lines": {"data": []},
        "payments": {"data": [payment]},
    }
    return row | values


def tell_invoice(world: EventWorld, fact_type: str, payload: dict[str, Any], name: str = "") -> None:
    world.stripe.hold("/v1/invoices/in_1", payload)
    world.tell(event(fact_type, payload, name))
    world.apply()


def test_an_invoice_that_stripe_billed_is_paid_once_by_its_charge(world: EventWorld) -> None:
    seeds.insert_invoice(world.db, charger="stripe", stripe_invoice_id="in_1")
    tell_invoice(world, "invoice.paid", stripe_invoice("paid"), "evt_1")
    tell_invoice(world, "invoice.paid", stripe_invoice("paid"), "evt_2")

    (payment,) = seeds.fetch(world.db, stripe.payments)
    assert (payment["method"], payment["charge_id"], payment["applied_minor"]) == ("stripe_invoice", "ch_s", 4900)
    assert world.balances() == {"receivable": -4900, "stripe_pending": 4900}


def test_money_that_stripe_took_for_an_invoice_paid_by_wire_becomes_credit(world: EventWorld) -> None:
    seeds.insert_invoice(world.db, charger="stripe", stripe_invoice_id="in_1")
    record_payment(InboxStore(world.db), world.clock, WIRE)
    world.apply()

    tell_invoice(world, "invoice.paid", stripe_invoice("paid"))

    (grant,) = seeds.fetch(world.db, billing.credit_grants)
    assert (grant["kind"], grant["remaining_minor"]) == ("overpayment", 4900)
    assert world.balances() == {"bank": 4900, "customer_credits": -4900, "receivable": -4900, "stripe_pending": 4900}


def test_money_that_stripe_took_for_an_invoice_that_another_charge_paid_in_part_becomes_credit(
    world: EventWorld,
) -> None:
    seeds.insert_invoice(world.db, charger="stripe", stripe_invoice_id="in_1")
    world.tell(event("payment_intent.succeeded", intent(amount_received=1000)))
    world.apply()

    tell_invoice(world, "invoice.paid", stripe_invoice("paid"))

    applied = {one["charge_id"]: one["applied_minor"] for one in seeds.fetch(world.db, stripe.payments)}
    assert applied == {"ch_1": 1000, "ch_s": 0}
    assert world.balances() == {"customer_credits": -4900, "receivable": -1000, "stripe_pending": 5900}


def test_an_invoice_that_stripe_calls_paid_outside_itself_waits_for_the_money_to_be_booked(world: EventWorld) -> None:
    seeds.insert_invoice(world.db, charger="stripe", stripe_invoice_id="in_1")
    tell_invoice(world, "invoice.paid", stripe_invoice("paid", payments={"data": []}), "evt_1")
    record_payment(InboxStore(world.db), world.clock, WIRE)
    world.apply()
    tell_invoice(world, "invoice.paid", stripe_invoice("paid", payments={"data": []}), "evt_2")

    assert world.balances() == {"bank": 4900, "receivable": -4900}
    assert [one for one in world.facts().values() if one != "applied"] == ["dead", "ignored"]
    assert world.reasons()[0] == (
        "in_1 is paid, but by no payment of Stripe's: book what came outside it with `billing-pipeline payments record`"
    )


def test_a_failed_attempt_of_stripes_moves_nothing(world: EventWorld) -> None:
    seeds.insert_invoice(world.db, charger="stripe", stripe_invoice_id="in_1")
    tell_invoice(world, "invoice.payment_failed", stripe_invoice("open", 0))

    (invoice,) = seeds.fetch(world.db, billing.invoices)
    assert (invoice["state"], world.balances()) == ("pending", {})


def test_invoices_of_nothing_from_a_held_mirror_are_noise(world: EventWorld) -> None:
    seeds.insert_price(world.db)
    seeds.insert_subscription(world.db, stripe_subscription_id="sub_1", mirror_state="held")
    tell_invoice(world, "invoice.paid", stripe_invoice("paid", 0, amount_due=0, total=0))

    assert list(world.facts().values()) == ["ignored"]


def test_money_that_stripe_took_for_a_subscription_of_ours_is_never_passed_over(world: EventWorld) -> None:
    seeds.insert_price(world.db)
    seeds.insert_subscription(world.db, stripe_subscription_id="sub_1", mirror_state="held")
    tell_invoice(world, "invoice.paid", stripe_invoice("paid"))

    assert world.reasons() == ["in_1 took money for a subscription that the engine bills"]


def test_an_invoice_that_stripe_voided_or_gave_up_ends_ours(world: EventWorld) -> None:
    seeds.insert_invoice(world.db, charger="stripe", stripe_invoice_id="in_1")
    tell_invoice(world, "invoice.voided", stripe_invoice("void", 0))

    (invoice,) = seeds.fetch(world.db, billing.invoices)
    assert invoice["state"] == "void"
