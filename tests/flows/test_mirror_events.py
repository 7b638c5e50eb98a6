"""Events about mirrors: our echoes do nothing, an earlier mirror says nothing, a crash or a second process harms nothing."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.tables import billing, stripe
from billing_pipeline.domain.attempts import NewAttempt, Operation, key_of
from billing_pipeline.domain.ids import AccountId
from billing_pipeline.domain.mirror_requests import hold
from billing_pipeline.domain.stripe_objects import Mirror
from billing_pipeline.flows.appliers.subscriptions import apply_mirror, is_own_call
from billing_pipeline.flows.books import Books
from billing_pipeline.flows.ports.event_rows import SubscriptionRow, WishRow
from stripe_simulator import Simulator
from tests.fakes import START
from tests.mirroring import MirrorDesk, mirror_customer, open_mirror_desk, open_team_desk
from tests.seeds import fetch, insert_price, insert_subscription
from tests.story.mirror_life import Crash, Dying


@pytest.fixture
def desk(db: Database, simulator: Simulator) -> MirrorDesk:
    """Acme pays for three seats; its mirror is held and every event so far was heard."""
    made = open_team_desk(db, simulator)
    made.hear()  # the first poll lists objects; the second reads the events
    made.hear()
    return made


def wishes(desk: MirrorDesk) -> list[str]:
    return [row["kind"] for row in fetch(desk.db, billing.subscription_changes)]


def test_the_echoes_of_our_own_calls_leave_the_mirror_alone(desk: MirrorDesk) -> None:
    facts = fetch(desk.db, stripe.inbox, object_type="subscription")
    before = desk.calls()

    desk.sync()

    assert {row["reason"] for row in facts} == {"the echo of our own call"}
    assert not desk.ours()["mirror_digest"].startswith("?")
    assert desk.calls() == before


def test_a_key_of_another_program_is_no_echo(desk: MirrorDesk) -> None:
    desk.pass_time(days=2)
    desk.client.subscriptions.update(
        desk.ours()["stripe_subscription_id"], {"cancel_at_period_end": True}, {"idempotency_key": "portal-17"}
    )

    desk.hear()
    desk.sync()

    assert wishes(desk) == ["cancel"]
    assert (is_own_call("mirror:s1:4", "s1"), is_own_call("mirror:s10:4", "s1"), is_own_call("portal-17", "s1")) == (
        True,
        False,
        False,
    )


def test_the_end_of_an_earlier_mirror_is_no_news(desk: MirrorDesk) -> None:
    earlier = desk.ours()["stripe_subscription_id"]
    desk.pass_time(days=3)
    desk.ask("cancel")
    desk.sync()
    desk.pass_time(days=40)
    desk.ask("start")
    desk.bill()
    desk.sync()

    desk.hear()

    assert desk.ours()["stripe_subscription_id"] != earlier
    assert (desk.ours()["state"], wishes(desk)) == ("active", ["cancel", "start"])


def test_an_end_is_taken_from_the_mirror_that_we_have_and_from_no_other() -> None:
    row = SubscriptionRow("s1", AccountId("acme"), "active", "engine", "sub_new", "held", False)
    books = Books(lambda at: at.date(), START)
    books.load([row])
    ended = Mirror("sub_old", "canceled", "s1", held=True, ended_at=START)

    earlier = apply_mirror(ended, "", START, books)
    ours = apply_mirror(replace(ended, id="sub_new"), "", START, books)

    assert (earlier.state, earlier.reason) == ("ignored", "an earlier mirror: there is another one by now")
    assert [change.kind for change in ours.changes if isinstance(change, WishRow)] == ["cancel"]


def test_a_renewal_by_stripe_has_the_sync_look_once_and_change_nothing(desk: MirrorDesk) -> None:
    desk.hear_until(datetime(2026, 2, 1, 6, tzinfo=UTC))
    desk.bill()
    marked = desk.ours()["mirror_digest"]

    first, again = desk.sync(), desk.sync()

    assert marked.startswith("?")
    assert (first.unchanged, first.updated, again.unchanged) == (1, 0, 0)


def desk_before_the_mirror(db: Database, simulator: Simulator) -> MirrorDesk:
    """A billed subscription whose mirror is yet to be made."""
    desk = open_mirror_desk(db, simulator)
    mirror_customer(desk)
    insert_price(db)
    insert_subscription(db)
    desk.bill()
    desk.catalog()
    return desk


@pytest.mark.parametrize(("call", "after"), [(1, False), (1, True), (2, False), (2, True)])
def test_a_crash_while_a_mirror_is_made_leaves_one_held_mirror(
    db: Database, simulator: Simulator, call: int, after: bool
) -> None:
    desk = desk_before_the_mirror(db, simulator)
    dying = MirrorDesk(db, simulator, Dying(desk.gateway, call, after), desk.policy)  # type: ignore[arg-type]

    with pytest.raises(Crash):
        dying.sync()
    desk.pass_time(minutes=11)
    desk.sync()
    desk.sync()

    (mirror,) = simulator.objects("subscription")
    assert (mirror["pause_collection"]["behavior"], desk.ours()["mirror_state"]) == ("void", "held")
    assert {row["outcome"] for row in desk.attempts()} == {"succeeded"}


def test_a_subscription_that_another_process_is_changing_is_passed_by(desk: MirrorDesk) -> None:
    stripe_id = desk.ours()["stripe_subscription_id"]
    new = NewAttempt(Operation.MIRROR, "s1", 99, key_of(Operation.MIRROR, "s1", 99), hold(stripe_id))
    desk.store.open_attempts([new], desk.gateway.api_version, desk.clock.now())
    desk.ask("quantity", {"quantity": 8})

    busy = desk.sync()
    desk.pass_time(minutes=11)
    later = desk.sync()

    assert (busy.unknown, later.updated, desk.item()["quantity"]) == (1, 1, 8)


def test_the_noise_of_a_held_mirror_moves_no_invoice_of_ours(desk: MirrorDesk) -> None:
    desk.hear_until(datetime(2026, 2, 3, tzinfo=UTC))
    desk.bill()

    noise = fetch(desk.db, stripe.inbox, object_type="invoice")
    assert {row["state"] for row in noise} == {"ignored"}
    assert [row["charger"] for row in fetch(desk.db, billing.invoices)] == ["engine", "engine"]
    assert desk.clock.now() - desk.ours()["next_period_start"] < timedelta(0)


def test_a_mirror_whose_maker_died_ends_with_its_subscription(db: Database, simulator: Simulator) -> None:
    desk = desk_before_the_mirror(db, simulator)
    dying = MirrorDesk(db, simulator, Dying(desk.gateway, 1, True), desk.policy)  # type: ignore[arg-type]
    with pytest.raises(Crash):
        dying.sync()

    desk.ask("cancel")
    desk.pass_time(minutes=11)
    desk.sync()
    desk.guard()
    desk.sync()

    (mirror,) = simulator.objects("subscription")
    assert mirror["status"] == "canceled"
