"""Health and metrics: what whoever watches the service is told."""

from datetime import timedelta
from pathlib import Path

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.sweep_store import SweepStore
from billing_pipeline.domain.errors import TryLater
from billing_pipeline.web.app import build_app
from billing_pipeline.web.health import read_backlog
from tests.clusters import Cluster
from tests.fakes import START, FakeClock
from tests.flows.event_world import event, intent
from tests.web.web_world import Client, client_on, world_on


@pytest.fixture
def client(db: Database, tmp_path: Path, fake_clock: FakeClock) -> Client:
    return client_on(db, tmp_path, fake_clock)


def test_a_service_with_nothing_to_do_is_healthy(client: Client) -> None:
    answer = client.get("/healthz")

    assert (answer.status, answer.json()) == (200, {"status": "ok", "waiting": 0, "dead": 0})


def test_a_fact_that_nobody_applies_makes_the_service_late(client: Client) -> None:
    client.deliver(event("payment_intent.succeeded", intent()))
    fresh = client.get("/healthz")
    client.clock.advance(minutes=16)

    late = client.get("/healthz")

    assert (fresh.status, late.status) == (200, 503)
    assert late.json() == {"status": "late", "waiting": 1, "dead": 0}


def test_a_database_that_is_away_makes_the_service_unhealthy(
    cluster: Cluster, template: str, tmp_path: Path, fake_clock: FakeClock
) -> None:
    name = cluster.create(template)
    db = Database(cluster.url(name))
    client = client_on(db, tmp_path, fake_clock)
    db.close()
    cluster.drop(name)

    answers = [client.get("/healthz"), client.get("/metrics")]

    assert [answer.status for answer in answers] == [503, 200]
    assert answers[0].json()["status"] == "down"
    with pytest.raises(TryLater):
        read_backlog(db, fake_clock)
    db.close()


def test_metrics_count_deliveries_by_answer_and_show_the_backlog(client: Client, db: Database) -> None:
    store = SweepStore(db)
    with store.transaction():
        store.advance("events", START, START, {})
    client.deliver(event("payment_intent.succeeded", intent()))
    client.deliver(event("payment_intent.succeeded", intent(), "evt_2"), secret="whsec_wrong")
    client.clock.advance(seconds=90)

    text = client.get("/metrics").body.decode()

    assert 'billing_webhook_deliveries_total{status="200"} 1.0' in text
    assert 'billing_webhook_deliveries_total{status="400"} 1.0' in text
    assert "billing_inbox_waiting 1.0" in text
    assert "billing_inbox_oldest_seconds 90.0" in text
    assert "billing_poll_lag_seconds 90.0" in text


def test_metrics_show_how_often_and_how_long_a_limit_was_waited_for(
    db: Database, tmp_path: Path, fake_clock: FakeClock
) -> None:
    world = world_on(db, tmp_path, fake_clock)
    client = Client(build_app(world), fake_clock)
    world.gateway.on_limit(0.25)
    world.reader.on_limit(1.5)

    text = client.get("/metrics").body.decode()

    assert "billing_stripe_limit_wait_seconds_count 2.0" in text
    assert "billing_stripe_limit_wait_seconds_sum 1.75" in text


def test_the_poll_does_not_seem_late_on_an_account_where_nothing_happens(client: Client, db: Database) -> None:
    store = SweepStore(db)
    with store.transaction():
        store.advance("events", START - timedelta(days=1), START, {})

    text = client.get("/metrics").body.decode()

    assert "billing_poll_lag_seconds 0.0" in text
