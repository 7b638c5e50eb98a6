"""An invoice that Stripe bills and retries is dunned here: after a definite failure there, and a fresh look at it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from billing_pipeline.adapters.dunning_policy_file import read_policy
from billing_pipeline.adapters.message_templates import TemplateLetters
from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.dunning_store import DunningStore
from billing_pipeline.adapters.stores.event_store import EventStore
from billing_pipeline.adapters.tables import billing, control
from billing_pipeline.flows.apply_events import apply_events
from billing_pipeline.flows.pass_due_dates import pass_due_dates
from billing_pipeline.flows.read_intents import status_of
from billing_pipeline.flows.run_dunning import Dunned, run_dunning
from billing_pipeline.flows.send_messages import send_messages
from billing_pipeline.flows.take_over import plan_takeover
from stripe_simulator import Simulator
from tests.dunning_world import POLICIES, Gate, Post, World
from tests.mirroring import MirrorDesk, open_team_desk
from tests.seeds import fetch

FEBRUARY = datetime(2026, 2, 1, tzinfo=UTC)


@pytest.fixture
def desk(db: Database, simulator: Simulator) -> MirrorDesk:
    """Stripe bills Acme from February on, and its card is declined."""
    made = open_team_desk(db, simulator)
    plan_takeover(made.takeover, "ann")
    at(made, FEBRUARY - timedelta(hours=2))
    (card,) = made.sim.objects("payment_method")
    made.client.payment_methods.update(card["id"], {"metadata": {"sim_decline_code": "insufficient_funds"}})
    at(made, FEBRUARY + timedelta(minutes=20))
    return at(made, FEBRUARY + timedelta(hours=3))


def at(desk: MirrorDesk, moment: datetime) -> MirrorDesk:
    desk.until(moment)
    desk.tick()
    return desk


def overdue(desk: MirrorDesk) -> MirrorDesk:
    """The desk two days after the due date, at noon."""
    desk.until(FEBRUARY + timedelta(days=3, hours=12))
    pass_due_dates(EventStore(desk.db), desk.clock)
    desk.hear()
    return desk


def dun(desk: MirrorDesk, gateway: Any = None) -> Dunned:
    letters = TemplateLetters(POLICIES / "templates", lambda invoice: f"https://pay.example/{invoice}")
    store, policy = DunningStore(desk.db), read_policy(POLICIES)
    return run_dunning(store, gateway or desk.gateway, Gate(), policy, desk.clock, letters)


def february(desk: MirrorDesk) -> dict[str, Any]:
    (row,) = fetch(desk.db, billing.invoices, charger="stripe")
    return row


def settle_there(desk: MirrorDesk, **options: Any) -> None:
    """Somebody pays Stripe's invoice, or marks it, and no event has told us yet."""
    desk.client.invoices.pay(february(desk)["stripe_invoice_id"], options)


def test_a_declined_invoice_that_stripe_bills_is_dunned_after_a_fresh_look_at_it(desk: MirrorDesk) -> None:
    done = dun(overdue(desk))

    (step,) = fetch(desk.db, control.dunning_steps)
    assert (done.taken, done.held["stripe_retries"]) == ({"mail": 1}, 1)
    assert (step["intent_status"], step["intent_read_at"]) == ("open", desk.clock.now())


def test_one_that_was_paid_there_is_left_alone_and_the_news_enters_the_inbox(desk: MirrorDesk) -> None:
    overdue(desk)
    settle_there(desk, paid_out_of_band=True)

    done = dun(desk)
    apply_events(EventStore(desk.db), desk.gateway, desk.clock)

    assert (done.taken, done.held["paid_at_stripe"], fetch(desk.db, control.messages)) == ({}, 1, [])
    assert february(desk)["state"] == "paid"


def test_one_that_was_voided_there_is_left_alone(desk: MirrorDesk) -> None:
    overdue(desk)
    desk.client.invoices.void_invoice(february(desk)["stripe_invoice_id"])

    done = dun(desk)
    apply_events(EventStore(desk.db), desk.gateway, desk.clock)

    assert (done.taken, done.held["changed_meanwhile"], february(desk)["state"]) == ({}, 1, "void")


def test_one_that_nobody_tried_and_failed_to_collect_is_not_dunned(db: Database) -> None:
    world = World(db)
    world.late(charged=False, charger="stripe", stripe_invoice_id="in_1")

    done = world.day(3).run()

    assert (done.taken, done.held, world.stripe.reads) == ({}, {"no_definite_failure": 1}, [])


def test_a_notice_about_it_that_waited_is_withdrawn_once_it_is_paid_there(desk: MirrorDesk) -> None:
    dun(overdue(desk))
    desk.pass_time(hours=1)
    settle_there(desk, paid_out_of_band=True)
    post = Post()

    done = send_messages(DunningStore(desk.db), post, desk.gateway, Gate(), desk.clock)

    assert (done.withdrawn, post.carried) == (1, [])


@pytest.mark.parametrize(
    ("status", "paid", "intent", "told"),
    [
        ("open", 0, "requires_payment_method", "open"),
        ("open", 0, "processing", "processing"),
        ("open", 0, "succeeded", "processing"),
        ("open", 100, "succeeded", "open"),
        ("paid", 4900, "succeeded", "succeeded"),
        ("void", 0, "canceled", "void"),
    ],
)
def test_stripes_invoice_is_told_in_the_words_of_intents(status: str, paid: int, intent: str, told: str) -> None:
    payments = {"data": [{"payment": {"type": "payment_intent", "payment_intent": {"id": "pi_1", "status": intent}}}]}

    assert status_of({"status": status, "amount_paid": paid, "payments": payments}) == told
