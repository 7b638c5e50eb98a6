"""Whatever was asked of Stripe and has no known end is settled by `settle_unknowns`, each kind of call."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.domain.attempts import LEASE, NewAttempt, Operation, Outcome, key_of
from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.ids import (
    AccountId,
    ChargeId,
    CustomerId,
    IdempotencyKey,
    InvoiceId,
    PaymentIntentId,
    PaymentMethodId,
)
from billing_pipeline.domain.ids import StripeSubscriptionId as MirrorId
from billing_pipeline.domain.mirror_requests import hold, unhold
from billing_pipeline.domain.money import Money
from billing_pipeline.domain.requests import (
    Bill,
    Customer,
    Request,
    cancel_intent,
    charge,
    choose_method,
    confirm,
    create_customer,
    post,
    refund,
    set_up_method,
)
from stripe_simulator import Fault, Simulator
from tests.collecting import Desk, customer, invoice, open_desk

METHOD: Final = PaymentMethodId("pm_card_visa")
TROUBLE: Final = ["crash", "drop_before", "drop_after", "error_before", "error_after", "truncate"]


@pytest.fixture
def desk(db: Database, simulator: Simulator) -> Desk:
    made = open_desk(db, simulator)
    customer(made)
    invoice(made)
    return made


def owner(desk: Desk) -> CustomerId:
    return CustomerId(desk.sim.objects("customer")[-1]["id"])


def bill(desk: Desk) -> Bill:
    return Bill(InvoiceId("inv-1"), 1, AccountId("acme"), owner(desk), "A-1", Money(4900, Currency("usd")), "test")


def intent(desk: Desk, **how: Any) -> Any:
    asked = {"amount": 4900, "currency": "usd", "customer": owner(desk)} | how
    return desk.sim.client().v1.payment_intents.create(asked)  # type: ignore[arg-type]


def mirror(desk: Desk) -> MirrorId:
    price = {"currency": "usd", "unit_amount": 900, "recurring": {"interval": "month"}, "product_data": {"name": "P"}}
    made = desk.sim.client().v1.prices.create(price)  # type: ignore[arg-type]
    asked = {"customer": owner(desk), "items": [{"price": made.id}], "trial_period_days": 30}
    return MirrorId(desk.sim.client().v1.subscriptions.create(asked).id)  # type: ignore[arg-type]


def new_customer(desk: Desk) -> Request:
    return create_customer(Customer(AccountId("new"), "New", "new@example.com", "en", "", "none", {}), "test")


def paid_charge(desk: Desk) -> ChargeId:
    return ChargeId(intent(desk, payment_method=METHOD, confirm=True).latest_charge)


ASKED: Final[dict[Operation, Callable[[Desk], Request]]] = {
    Operation.CHARGE: lambda desk: charge(bill(desk), METHOD, "card"),
    Operation.CONFIRM: lambda desk: confirm(PaymentIntentId(intent(desk).id), METHOD, "card"),
    Operation.CANCEL: lambda desk: cancel_intent(PaymentIntentId(intent(desk).id)),
    Operation.REFUND: lambda desk: refund(paid_charge(desk), Money(900, Currency("usd")), "wish-1", "test"),
    Operation.SETUP: lambda desk: set_up_method(AccountId("acme"), owner(desk), Currency("usd"), "test"),
    Operation.CUSTOMER: new_customer,
    Operation.MIRROR: lambda desk: hold(mirror(desk)),
    Operation.UNHOLD: lambda desk: unhold(mirror(desk), METHOD),
    Operation.CATALOG: lambda desk: post("/v1/products", {"name": "Plan"}),
}


def said(desk: Desk, operation: Operation) -> None:
    """The attempt as a process leaves it that dies before the call."""
    subject = "inv-1#1" if operation in (Operation.CHARGE, Operation.CONFIRM, Operation.CANCEL) else "acme"
    new = NewAttempt(operation, subject, 1, key_of(operation, subject, 1), ASKED[operation](desk))
    with desk.db.transaction():
        desk.store.open_attempts([new], desk.gateway.api_version, desk.clock.now())


def test_every_operation_has_a_case_here() -> None:
    assert set(ASKED) == set(Operation)


@pytest.mark.parametrize("trouble", TROUBLE)
@pytest.mark.parametrize("operation", Operation)
def test_a_call_that_was_said_and_never_ended_is_settled(desk: Desk, operation: Operation, trouble: str) -> None:
    said(desk, operation)
    if trouble != "crash":
        desk.sim.faults.add(Fault(kind=trouble, method="post"))  # type: ignore[arg-type]
    desk.pass_time(seconds=LEASE.total_seconds() + 1)

    for _ in range(15):
        desk.settle()
        desk.pass_time(minutes=1)

    (attempt,) = desk.attempts(operation=operation)
    assert attempt["outcome"] is not None
    assert attempt["outcome_at"] - attempt["started_at"] <= LEASE + timedelta(minutes=16)
    assert (attempt["outcome"] == Outcome.NOT_CREATED) <= trouble.startswith("error")


@pytest.mark.parametrize(("kind", "outcome"), [("error_after", "succeeded"), ("error_before", "not_created")])
def test_a_change_of_a_customer_counts_as_made_only_where_stripe_shows_it(desk: Desk, kind: Any, outcome: str) -> None:
    method = PaymentMethodId(
        desk.sim.client().v1.payment_methods.attach("pm_card_mastercard", {"customer": owner(desk)}).id
    )
    new = NewAttempt(Operation.CUSTOMER, "acme#card", 1, IdempotencyKey("k"), choose_method(owner(desk), method))
    with desk.db.transaction():
        desk.store.open_attempts([new], desk.gateway.api_version, desk.clock.now())
    desk.sim.faults.add(Fault(kind=kind, method="post"))
    desk.pass_time(seconds=LEASE.total_seconds() + 1)

    for _ in range(15):
        desk.settle()
        desk.pass_time(minutes=1)

    assert [attempt["outcome"] for attempt in desk.attempts()] == [outcome]


def test_a_call_about_the_catalogue_is_sent_again_under_its_key_and_made_once(desk: Desk) -> None:
    said(desk, Operation.CATALOG)
    desk.sim.faults.add(Fault(kind="drop_after", method="post", path="/v1/products"))
    desk.pass_time(seconds=LEASE.total_seconds() + 1)

    for _ in range(5):
        desk.settle()
        desk.pass_time(minutes=1)

    keys = {key for method, path, key in desk.sim.calls if (method, path) == ("post", "/v1/products")}
    assert len(keys) == 1
    assert len(desk.sim.objects("product")) == 1
