"""A mirror that could charge, through Dagster as it runs: heard of or found, held at once, an error, an e-mail."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from assets.reconciliation import stripe_extract
from assets.subscriptions import takeovers
from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.tables import billing, control
from billing_pipeline.bootstrap import World
from billing_pipeline.flows.take_over import plan_takeover
from sensors.alerts import divergence_alert
from sensors.inbox import stripe_events_poll, webhook_inbox
from stripe_simulator import Simulator
from tests.mirroring import MirrorDesk, open_plain_desk
from tests.opened import opened
from tests.seeds import add, change, fetch
from tests.web.web_world import world_on

SINCE_POLL = 10  # minutes; the sensor leaves out a poll where somebody has just polled
FEBRUARY = datetime(2026, 2, 1, tzinfo=UTC)


@pytest.fixture
def desk(db: Database, simulator: Simulator) -> MirrorDesk:
    """Acme's mirror is held and what was told of it so far is applied."""
    made = open_plain_desk(db, simulator)
    made.hear()
    return made


@pytest.fixture
def world(desk: MirrorDesk, tmp_path: Path) -> World:
    """The world that Dagster's resource opens: this database, this Stripe."""
    plain: Any = desk
    return replace(world_on(desk.db, tmp_path, plain.clock), gateway=desk.gateway, reader=desk.gateway)


def tick(sensor: dg.SensorDefinition, world: World, cursor: str | None = None) -> str | None:
    """The sensor's cursor after one tick."""
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_sensor_context(instance=instance, cursor=cursor, resources={"billing": opened(world)})
        sensor(context)
        return context.cursor


def materialize(asset: dg.AssetsDefinition, world: World) -> dg.ExecuteInProcessResult:
    return dg.materialize([asset], resources={"billing": opened(world)}, selection=[asset])


def released(desk: MirrorDesk) -> None:
    """Somebody resumes collection in the dashboard."""
    desk.client.subscriptions.update(desk.ours()["stripe_subscription_id"], {"pause_collection": ""})


def is_held(desk: MirrorDesk) -> bool:
    return bool((desk.theirs()["pause_collection"] or {}).get("behavior") == "void")


def letters(world: World) -> list[str]:
    return [path.read_text() for path in sorted(world.home.rglob("*.eml"))]


def test_a_tick_that_hears_of_it_holds_the_mirror_and_the_alert_goes_out(desk: MirrorDesk, world: World) -> None:
    released(desk)
    desk.pass_time(minutes=SINCE_POLL)

    tick(stripe_events_poll, world)
    tick(webhook_inbox, world)
    held = is_held(desk)
    tick(divergence_alert, world)

    (found,) = desk.divergences()
    assert held
    assert (found["kind"], found["severity"], found["state"]) == ("unheld_mirror", "error", "open")
    assert any("unheld_mirror" in letter for letter in letters(world))


def test_an_alarm_that_is_over_before_anybody_looked_is_told_all_the_same(desk: MirrorDesk, world: World) -> None:
    looked = tick(divergence_alert, world)
    released(desk)
    desk.pass_time(minutes=SINCE_POLL)
    tick(stripe_events_poll, world)
    tick(webhook_inbox, world)
    (found,) = desk.divergences()
    change(desk.db, control.divergences, found["divergence_id"], state="resolved", closed_at=desk.clock.now())

    looked = tick(divergence_alert, world, looked)
    first = len(letters(world))
    tick(divergence_alert, world, looked)

    assert (first, len(letters(world))) == (1, 1)


@pytest.mark.parametrize("asset", [takeovers, stripe_extract], ids=["half-hourly round", "sweep"])
def test_a_round_that_nobody_told_of_it_finds_and_holds_it(
    desk: MirrorDesk, world: World, asset: dg.AssetsDefinition
) -> None:
    released(desk)

    done = materialize(asset, world)

    (event,) = done.get_asset_materialization_events()
    assert is_held(desk)
    assert event.materialization.metadata["held again"].value == 1
    assert [one["kind"] for one in desk.divergences()] == ["unheld_mirror"]


def test_our_own_release_of_a_mirror_is_no_alarm(desk: MirrorDesk, world: World) -> None:
    plan_takeover(desk.takeover, "ann")
    desk.hear_until(FEBRUARY - timedelta(hours=2))

    materialize(takeovers, world)
    tick(stripe_events_poll, world)
    tick(webhook_inbox, world)

    assert (is_held(desk), desk.divergences()) == (False, [])


def test_credits_are_on_the_draft_as_soon_as_the_event_of_it_is_applied(desk: MirrorDesk, world: World) -> None:
    plan_takeover(desk.takeover, "ann")
    desk.hear_until(FEBRUARY - timedelta(hours=2))
    materialize(takeovers, world)
    grant = {"kind": "goodwill", "amount_minor": 1000, "remaining_minor": 1000, "granted_at": desk.clock.now()}
    add(desk.db, billing.credit_grants, credit_grant_id="g", account_id="acme", currency="usd", source="h", **grant)

    desk.until(FEBRUARY + timedelta(minutes=2))
    tick(stripe_events_poll, world)
    tick(webhook_inbox, world)
    desk.until(FEBRUARY + timedelta(hours=2))  # no round of the schedules ran meanwhile

    (charge,) = desk.sim.objects("charge")
    (invoice,) = fetch(desk.db, billing.invoices, charger="stripe")
    assert (charge["amount"], invoice["credits_minor"], invoice["due_minor"]) == (3900, 1000, 3900)
