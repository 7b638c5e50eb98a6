"""Alerts reach finance over real SMTP: once per occasion, and again when nobody took them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from billing_pipeline import bootstrap
from billing_pipeline.adapters.postgres import Database
from billing_pipeline.alerts import alert_divergences
from billing_pipeline.settings import Settings
from tests.adapters.test_mail import Server, serving
from tests.dunning_world import POLICIES, World
from tests.web.web_world import world_on


@pytest.fixture
def late(db: Database) -> World:
    """Two overdue invoices and a reconciliation that never ran."""
    found = World(db)
    found.late(codes={"decline": "lost_card"})
    found.late("inv-2", "bolt")
    return found


@contextmanager
def mailed(world: World, home: Path, server: Server) -> Iterator[bootstrap.World]:
    with serving(server) as mailer:
        told = {"BILLING_SMTP_URL": f"smtp://127.0.0.1:{mailer.port}", "BILLING_POLICIES": str(POLICIES)}
        yield replace(world_on(world.db, home, world.clock), settings=Settings.load(told))


def words(server: Server) -> list[str]:
    parts = [message_from_bytes(raw, policy=policy.default).get_body(("plain",)) for raw in server.received]
    return [str(part.get_content()) for part in parts if part]


def test_dunning_that_waits_for_a_day_is_told_once_a_day_with_the_count(late: World, tmp_path: Path):
    server, seen = Server(), list[str]()

    with mailed(late, tmp_path, server) as world:
        for _ in range(3):
            seen = alert_divergences(world, seen)
            late.clock.advance(minutes=1)
        first_day = len(server.received)
        late.clock.advance(days=1)
        alert_divergences(world, seen)

    assert (first_day, len(server.received)) == (1, 2)
    assert "2 overdue invoices wait for reconciliation" in words(server)[0]


def test_an_alert_that_nobody_took_is_told_again(late: World, tmp_path: Path):
    server = Server("RCPT", "451 later")

    with mailed(late, tmp_path, server) as world:
        seen = alert_divergences(world, [])
        server.at = ""
        again = alert_divergences(world, seen)

    assert (seen, len(again), len(server.received)) == ([], 1, 1)
