"""What an event asks to be done in Stripe is done right after it, once, whoever else is at it."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.billing_store import BillingStore
from billing_pipeline.adapters.stripe_gateway import StripeGateway
from billing_pipeline.adapters.tables import billing
from billing_pipeline.domain.ids import IdempotencyKey, SubscriptionId
from billing_pipeline.flows.books import Errand
from billing_pipeline.flows.follow_stripe import credited, whole_invoice
from billing_pipeline.flows.ports import Reply, Request
from billing_pipeline.flows.rehearse import Desk
from billing_pipeline.flows.run_errands import ErrandsRun, run_errands
from billing_pipeline.flows.stripe_periods import Tick
from billing_pipeline.flows.take_over import plan_takeover
from stripe_simulator import Simulator
from tests.mirroring import MirrorDesk, open_team_desk
from tests.seeds import add, fetch

FEBRUARY = datetime(2026, 2, 1, tzinfo=UTC)
S1 = SubscriptionId("s1")


@pytest.fixture
def desk(db: Database, simulator: Simulator) -> MirrorDesk:
    """Stripe has just drafted its first invoice for Acme, which has a credit; our mirror is known and heard of."""
    made = open_team_desk(db, simulator)
    plan_takeover(made.takeover, "ann")
    made.hear_until(FEBRUARY - timedelta(hours=2))
    made.switch()
    grant = {"kind": "goodwill", "amount_minor": 1000, "remaining_minor": 1000, "granted_at": made.clock.now()}
    add(db, billing.credit_grants, credit_grant_id="g", account_id="acme", currency="usd", source="h", **grant)
    made.until(FEBRUARY + timedelta(minutes=1))
    return made


@dataclass(slots=True)
class Interrupted:
    """A gateway during whose first read of an invoice something else happens."""

    inner: StripeGateway
    meanwhile: Callable[[], object]
    waiting: bool = True
    api_version: str = StripeGateway.api_version

    def read(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        found = self.inner.read(path, params)
        if self.waiting and path.startswith("/v1/invoices/") and params:
            self.waiting = False
            self.meanwhile()
        return found

    def send(self, request: Request, key: IdempotencyKey) -> Reply:
        return self.inner.send(request, key)

    def pages(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        return self.inner.pages(path, params)


def run(desk: MirrorDesk, errands: tuple[Errand, ...], gateway: Any = None) -> ErrandsRun:
    return run_errands(Desk(desk.takeovers, BillingStore(desk.db), gateway or desk.gateway, desk.clock), errands)


def credit_items(desk: MirrorDesk) -> list[int]:
    """What was put on Stripe's invoices as credit of ours."""
    return [one["amount"] for one in desk.sim.objects("invoiceitem") if one["amount"] < 0]


def test_the_event_of_a_draft_asks_to_record_it_and_the_answer_is_credited(desk: MirrorDesk) -> None:
    applied = desk.hear()

    done = run(desk, applied.errands)
    again = run(desk, applied.errands)

    (asked,) = applied.errands
    (invoice,) = fetch(desk.db, billing.invoices, charger="stripe")
    assert (asked.what, asked.subscription_id, asked.object_id) == ("record", "s1", invoice["stripe_invoice_id"])
    assert (done.recorded, done.credited, again.recorded) == (1, 1, 0)
    assert (invoice["credits_minor"], invoice["due_minor"], credit_items(desk)) == (1000, 2600, [-1000])


def other_process(desk: MirrorDesk) -> None:
    """Another process has just put the credits on the draft, and has not written it into the books yet."""
    case = desk.store.mirror_case(S1)
    (draft,) = [one for one in desk.sim.objects("invoice") if one["status"] == "draft"]
    assert case is not None
    credited(Tick(desk.takeover, Counter(), []), case, whole_invoice(desk.gateway, draft["id"]))


def test_two_processes_at_one_draft_put_the_credits_on_it_once(desk: MirrorDesk) -> None:
    applied = desk.hear()
    slow = Interrupted(desk.gateway, lambda: other_process(desk))

    run(desk, applied.errands, slow)

    (invoice,) = fetch(desk.db, billing.invoices, charger="stripe")
    assert not slow.waiting
    assert (credit_items(desk), invoice["due_minor"]) == ([-1000], 2600)


def test_a_lost_reply_leaves_the_draft_to_the_next_tick_and_the_books_are_right(desk: MirrorDesk) -> None:
    applied = desk.hear()
    desk.fault("drop_after", method="post", path="/v1/invoiceitems", times=1)

    done = run(desk, applied.errands)
    for _ in range(3):
        desk.pass_time(minutes=15)
        desk.sync()
        desk.follow()
    desk.until(FEBRUARY + timedelta(hours=3))
    desk.tick()

    (invoice,) = fetch(desk.db, billing.invoices, charger="stripe")
    assert done.recorded + done.postponed == 1
    assert (credit_items(desk), invoice["due_minor"], invoice["state"]) == ([-1000], 2600, "paid")
    assert desk.sim.objects("charge")[0]["amount"] == 2600


def test_a_request_that_never_arrived_is_sent_again_while_the_draft_lives(desk: MirrorDesk) -> None:
    applied = desk.hear()
    desk.fault("drop_before", method="post", path="/v1/invoiceitems", times=1)

    done = run(desk, applied.errands)
    early = fetch(desk.db, billing.invoices, charger="stripe")
    for _ in range(3):
        desk.pass_time(minutes=15)
        desk.sync()
        desk.follow()

    (invoice,) = fetch(desk.db, billing.invoices, charger="stripe")
    assert (done.postponed, early) == (1, [])  # not in the books before it is known what stands on it
    assert (credit_items(desk), invoice["due_minor"]) == ([-1000], 2600)


def test_credits_spent_meanwhile_on_something_else_are_not_given_twice(desk: MirrorDesk) -> None:
    desk.hear()
    (draft,) = [one for one in desk.sim.objects("invoice") if one["status"] == "draft"]
    desk.client.invoice_items.create(
        {
            "customer": draft["customer"], "invoice": draft["id"], "amount": -1200, "currency": "usd",
            "description": "Credit", "metadata": {"credit_for": "inv-s1-20260201"},
        }
    )  # fmt: skip

    done = run(desk, (Errand("record", S1, draft["id"]),))

    (told,) = desk.divergences()
    assert (done.recorded, told["kind"], told["severity"]) == (0, "missing_in_ledger", "error")
    assert "1200 of credits stand on it, the customer has 1000" in told["ours"]["says"]


def test_while_stripe_is_away_errands_are_left_to_the_schedules(desk: MirrorDesk) -> None:
    applied = desk.hear()
    desk.fault("drop_before", method="get", path="/v1/*", times=20)

    done = run(desk, (*applied.errands, Errand("hold", S1, "sub_1")))
    desk.sim.faults.clear()
    desk.follow()

    assert done == ErrandsRun(postponed=2)
    assert len(fetch(desk.db, billing.invoices, charger="stripe")) == 1
