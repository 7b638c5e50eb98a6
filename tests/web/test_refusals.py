"""Deliveries that are not genuine, not for us, or too much: the right status, no state change, one line in the log."""

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.tables import stripe
from billing_pipeline.web.webhook import PATH
from tests import seeds
from tests.fakes import FakeClock
from tests.flows.event_world import event, intent
from tests.web.web_world import Answer, Client, client_on

OLD, NEW = "whsec_old_and_still_in_force", "whsec_new_already_in_force"
PAID = event("payment_intent.succeeded", intent())
BODY = json.dumps(PAID).encode()


def nested(depth: int) -> bytes:
    """An event whose object holds so many lists within lists."""
    return BODY.replace(b'"last_payment_error": null', b'"deep": ' + b"[" * depth + b"]" * depth)


def signed(body: bytes, *, sign: bytes | None = None) -> Callable[[Client], Answer]:
    """A delivery of the body, signed as if it were another one where that is told."""
    return lambda client: client.send("POST", PATH, body, {"stripe-signature": client.sign(sign or body, NEW)})


def told(late_seconds: int = 0, secret: str = NEW, **values: Any) -> Callable[[Client], Answer]:
    """A delivery of the event with these fields."""
    return lambda client: client.deliver(PAID | values, secret=secret, late_seconds=late_seconds)


REFUSED: dict[str, tuple[int, Callable[[Client], Answer]]] = {
    "a wrong secret": (400, told(secret="whsec_nobodys")),
    "no signature": (400, lambda client: client.send("POST", PATH, BODY)),
    "a truncated signature": (400, lambda c: c.send("POST", PATH, BODY, {"stripe-signature": c.sign(BODY, NEW)[:-5]})),
    "a truncated body": (400, signed(BODY[:-1], sign=BODY)),
    "replayed after 300 seconds": (400, told(late_seconds=301)),
    "signed in the future": (400, told(late_seconds=-301)),
    "another account": (400, told(account="acct_other")),
    "a test event on a live endpoint": (400, told(livemode=False)),
    "ten megabytes, declared": (413, lambda c: c.send("POST", PATH, b"", {"content-length": "10000000"})),
    "ten megabytes, undeclared": (413, lambda client: client.send("POST", PATH, b"x" * 10_000_000)),
    "invalid UTF-8": (400, signed(b"\xff\xfe" + BODY, sign=BODY)),
    "nested 100,000 deep": (400, signed(nested(100_000))),
    "a deep list and nothing else": (400, signed(b"[" * 100_000)),
}


@pytest.fixture
def live(db: Database, tmp_path: Path, fake_clock: FakeClock) -> Client:
    return client_on(db, tmp_path, fake_clock, secrets=f"{OLD},{NEW}", livemode=True)


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused_changes_nothing_and_leaves_one_line(
    live: Client, db: Database, caplog: pytest.LogCaptureFixture, case: str
) -> None:
    status, deliver = REFUSED[case]

    with caplog.at_level(logging.INFO):
        answer = deliver(live)

    assert (answer.status, answer.body, seeds.fetch(db, stripe.inbox)) == (status, b"", [])
    assert [line.message.startswith(f"webhook refused ({status}): ") for line in caplog.records] == [True]
    assert "\n" not in caplog.records[0].message
    assert not any(secret in caplog.text for secret in (OLD, NEW))


@pytest.mark.parametrize("secret", [OLD, NEW])
def test_old_and_new_secret_are_both_in_force_and_leave_no_line(
    live: Client, db: Database, caplog: pytest.LogCaptureFixture, secret: str
) -> None:
    with caplog.at_level(logging.INFO):
        answer = told(secret=secret, livemode=True)(live)

    assert (answer.status, len(seeds.fetch(db, stripe.inbox)), caplog.records) == (200, 1, [])


@pytest.mark.parametrize("depth", [200, 400, 1_000, 3_000, 30_000])
def test_an_event_of_any_depth_is_stored_or_refused_and_never_an_error(
    db: Database, tmp_path: Path, fake_clock: FakeClock, depth: int
) -> None:
    client = client_on(db, tmp_path, fake_clock, secrets=NEW)

    deep, after = signed(nested(depth))(client), signed(BODY.replace(b"evt_", b"evt_after_"))(client)

    assert deep.status in (200, 400)
    assert (after.status, len(seeds.fetch(db, stripe.inbox))) == (200, 1 + (deep.status == 200))
