"""One budget per card, whoever asked for the try: the engine, a customer on the payment page, Stripe by itself."""

from datetime import timedelta
from typing import Any

import pytest
import stripe as sdk

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.event_store import EventStore
from billing_pipeline.adapters.stores.inbox_store import InboxStore
from billing_pipeline.adapters.tables import stripe
from billing_pipeline.domain.card_budget import MONTH
from billing_pipeline.flows.apply_events import apply_events
from billing_pipeline.flows.facts import event_fact
from stripe_simulator import Simulator
from tests.collecting import Desk, customer, invoice, open_desk
from tests.seeds import fetch


@pytest.fixture
def desk(db: Database, simulator: Simulator) -> Desk:
    return open_desk(db, simulator)


def hear(desk: Desk) -> None:
    """All events of Stripe so far, in the books."""
    InboxStore(desk.db).put([event_fact(one, "poll") for one in desk.sim.objects("event")], desk.clock.now())
    apply_events(EventStore(desk.db), desk.gateway, desk.clock)


def try_on_page(desk: Desk, invoice_id: str, times: int, card: str | None = None) -> None:
    """What a customer does on the payment page: the invoice's intent, confirmed with the card of the account or another."""
    client = desk.sim.client()
    (owner,) = desk.sim.objects("customer")
    card = card or desk.sim.objects("payment_method")[0]["id"]
    asked = {
        "amount": 4900,
        "currency": "usd",
        "customer": owner["id"],
        "metadata": {"invoice_id": invoice_id, "seq": "1"},
    }
    intent = client.v1.payment_intents.create(asked)  # type: ignore[arg-type]
    for _ in range(times):
        with pytest.raises(sdk.CardError):
            client.v1.payment_intents.confirm(intent.id, {"payment_method": card})


def budget(desk: Desk) -> list[Any]:
    return desk.db.rows("collection/card_budgets", since=desk.clock.now() - MONTH, limit=10)


def test_declines_on_the_payment_page_use_up_the_budget_of_the_card(desk: Desk) -> None:
    customer(desk, card="pm_sim_generic_decline")
    invoice(desk)
    invoice(desk, "inv-2")
    try_on_page(desk, "inv-2", times=14)
    hear(desk)
    invoice(desk, "inv-3")

    done = desk.collect()

    assert (done.submitted, done.postponed) == (1, 2)


def test_a_decline_is_counted_once_however_it_is_told(desk: Desk) -> None:
    customer(desk, card="pm_sim_generic_decline")
    invoice(desk)
    desk.collect()
    try_on_page(desk, "inv-1", times=2)

    for _ in range(2):
        hear(desk)

    (card,) = budget(desk)
    assert (card.declines, card.by_us, card.invoices) == (3, 1, 1)
    assert {row["by_us"] for row in fetch(desk.db, stripe.card_declines)} == {True, False}


def test_what_stripe_tried_by_itself_counts_as_well(desk: Desk) -> None:
    customer(desk, card="pm_sim_generic_decline")
    try_on_page(desk, "", times=3)

    hear(desk)

    assert [(card.declines, card.by_us, card.invoices) for card in budget(desk)] == [(3, 0, 0)]


def test_a_challenge_that_was_failed_reached_no_bank_and_costs_nothing(desk: Desk) -> None:
    customer(desk, card="pm_card_authenticationRequired")
    client = desk.sim.client()
    owner, method = desk.sim.objects("customer")[0]["id"], desk.sim.objects("payment_method")[0]["id"]
    metadata = {"invoice_id": invoice(desk), "seq": "1"}
    asked: Any = {"amount": 4900, "currency": "usd", "customer": owner, "metadata": metadata}
    intent = client.v1.payment_intents.create(asked | {"payment_method": method, "confirm": True})
    desk.sim.authenticate(intent.id, passed=False)

    hear(desk)

    assert budget(desk) == []


def test_after_a_month_the_card_is_free_again(desk: Desk) -> None:
    customer(desk, card="pm_sim_generic_decline")
    invoice(desk)
    try_on_page(desk, "inv-1", times=15)
    hear(desk)

    spent = desk.collect()
    desk.pass_time(seconds=timedelta(days=30, minutes=1).total_seconds())
    free = desk.collect()

    assert (spent.submitted, free.submitted) == (0, 1)
