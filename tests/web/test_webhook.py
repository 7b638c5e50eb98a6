"""The webhook: what is genuine is stored before it is answered, everything else is refused and leaves no trace but a line."""

import json
import logging
from pathlib import Path

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.tables import stripe
from billing_pipeline.web.webhook import BODY_BYTES_MAX, PATH
from tests import seeds
from tests.fakes import FakeClock
from tests.flows.event_world import event, intent
from tests.web.web_world import SECRET, Client, client_on


@pytest.fixture
def client(db: Database, tmp_path: Path, fake_clock: FakeClock) -> Client:
    return client_on(db, tmp_path, fake_clock)


def stored(db: Database) -> list[str]:
    return [row["event_id"] for row in seeds.fetch(db, stripe.inbox)]


def test_a_genuine_event_is_stored_before_it_is_answered(client: Client, db: Database) -> None:
    answer = client.deliver(event("payment_intent.succeeded", intent(), "evt_1"))

    (row,) = seeds.fetch(db, stripe.inbox)
    assert answer.status == 200
    assert (row["event_id"], row["source"], row["state"], row["object_id"]) == ("evt_1", "webhook", "new", "pi_1")
    assert row["payload"] == intent()
    assert row["fact_key"] == "pi_1|succeeded|ch_1"


def test_an_event_delivered_twice_is_stored_once_and_answered_200_twice(client: Client, db: Database) -> None:
    answers = [client.deliver(event("payment_intent.succeeded", intent(), "evt_1")) for _ in range(2)]

    assert [answer.status for answer in answers] == [200, 200]
    assert stored(db) == ["evt_1"]


def test_an_event_of_an_unknown_type_is_kept(client: Client, db: Database) -> None:
    answer = client.deliver(event("radar.value_list.renamed", {"id": "rsl_1", "object": "radar.value_list"}, "evt_1"))

    assert (answer.status, stored(db)) == (200, ["evt_1"])


def test_old_and_new_secret_are_both_accepted_while_one_is_rolled(
    db: Database, tmp_path: Path, fake_clock: FakeClock
) -> None:
    client = client_on(db, tmp_path, fake_clock, secrets="whsec_old, whsec_new")

    answers = [
        client.deliver(event("payment_intent.succeeded", intent(), f"evt_{secret}"), secret=secret)
        for secret in ("whsec_old", "whsec_new", "whsec_other")
    ]

    assert [answer.status for answer in answers] == [200, 200, 400]


@pytest.mark.parametrize("late_seconds", [301, -301, 86_400])
def test_a_delivery_signed_too_far_from_now_is_refused(client: Client, db: Database, late_seconds: int) -> None:
    answer = client.deliver(event("payment_intent.succeeded", intent()), late_seconds=late_seconds)

    assert (answer.status, stored(db)) == (400, [])


@pytest.mark.parametrize("late_seconds", [299, -299])
def test_a_delivery_signed_within_the_tolerance_is_accepted(client: Client, db: Database, late_seconds: int) -> None:
    answer = client.deliver(event("payment_intent.succeeded", intent()), late_seconds=late_seconds)

    assert (answer.status, len(stored(db))) == (200, 1)


def test_a_clock_that_was_advanced_since_the_last_delivery_is_asked_again(client: Client, db: Database) -> None:
    client.deliver(event("payment_intent.succeeded", intent(), "evt_1"))
    client.clock.advance(days=30)

    answer = client.deliver(event("payment_intent.succeeded", intent(), "evt_2"))

    assert (answer.status, stored(db)) == (200, ["evt_1", "evt_2"])


BODY = json.dumps(event("payment_intent.succeeded", intent())).encode()


@pytest.mark.parametrize(
    "header",
    ["", "t=,v1=", "nonsense", "v1=abc", "t=1767225600", "t=99999999999999999999,v1=00", "t=1767225600,v1=" + "0" * 64],
)
def test_a_delivery_without_a_good_signature_is_refused(client: Client, db: Database, header: str) -> None:
    answer = client.send("POST", PATH, BODY, {"stripe-signature": header})

    assert (answer.status, answer.body, stored(db)) == (400, b"", [])


def test_a_body_changed_by_one_byte_is_refused(client: Client, db: Database) -> None:
    header = client.sign(BODY)

    answers = [
        client.send("POST", PATH, body, {"stripe-signature": header})
        for body in (BODY + b" ", BODY[:-1], BODY.replace(b"49", b"48"))
    ]

    assert ([answer.status for answer in answers], stored(db)) == ([400, 400, 400], [])


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"[]", b"{}", b"{", b'{"object": "v2.core.event", "id": "evt_1"}', b'{"object": "event"}', b"[" * 100_000,
     b'{"object": "event", "id": "evt_1", "type": "x", "livemode": false, "created": "soon", "data": {"object": {}}}'],
)  # fmt: skip
def test_a_signed_body_that_is_no_event_is_refused(client: Client, db: Database, body: bytes) -> None:
    answer = client.send("POST", PATH, body, {"stripe-signature": client.sign(body)})

    assert (answer.status, stored(db)) == (400, [])


def test_a_body_that_is_not_text_is_refused(client: Client, db: Database) -> None:
    answer = client.send("POST", PATH, b"\xff\xfe{}", {"stripe-signature": client.sign(b"{}")})

    assert (answer.status, stored(db)) == (400, [])


def test_a_body_of_ten_megabytes_is_refused_whether_it_says_so_or_not(client: Client, db: Database) -> None:
    body = b"x" * 10_000_000

    declared = client.send("POST", PATH, b"", {"content-length": str(len(body))})
    silent = client.send("POST", PATH, body)

    assert (declared.status, silent.status, stored(db)) == (413, 413, [])


def test_a_body_of_just_the_limit_is_read(client: Client) -> None:
    answer = client.send("POST", PATH, b" " * BODY_BYTES_MAX)

    assert answer.status == 400


@pytest.mark.parametrize("unstorable", ["\ud800", "a\0b"])
def test_an_event_that_no_database_can_hold_is_not_answered_200_and_stops_no_other(
    client: Client, db: Database, unstorable: str
) -> None:
    spoilt = client.deliver(event(f"radar.{unstorable}", {"id": "rsl_1", "object": "radar.value_list"}, "evt_1"))
    good = client.deliver(event("payment_intent.succeeded", intent(), "evt_2"))

    assert ([spoilt.status, good.status], stored(db)) == ([503, 200], ["evt_2"])


@pytest.mark.parametrize("event_livemode", [True, False])
def test_an_event_of_the_other_mode_is_refused(
    db: Database, tmp_path: Path, fake_clock: FakeClock, event_livemode: bool
) -> None:
    client = client_on(db, tmp_path, fake_clock, livemode=not event_livemode)

    answer = client.deliver(event("payment_intent.succeeded", intent(), livemode=event_livemode))

    assert (answer.status, stored(db)) == (400, [])


def test_an_event_of_another_account_is_refused(client: Client, db: Database) -> None:
    answers = [
        client.deliver(event("payment_intent.succeeded", intent(), f"evt_{account}", account=account))
        for account in ("acct_1", "acct_2")
    ]

    assert ([answer.status for answer in answers], stored(db)) == ([200, 400], ["evt_acct_1"])


def test_every_refusal_is_one_line_that_says_why_and_no_more(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        client.deliver(event("payment_intent.succeeded", intent()), secret="whsec_wrong")

    assert [record.message for record in caplog.records] == ["webhook refused (400): the signature matches no secret"]
    assert SECRET not in caplog.text


def test_text_that_postgresql_cannot_hold_is_stored_without_it(client: Client, db: Database) -> None:
    odd = intent(description="nul \x00 and a lone \ud800 surrogate, a real \\u0000 kept")

    answer = client.deliver(event("payment_intent.succeeded", odd))

    (row,) = seeds.fetch(db, stripe.inbox)
    assert answer.status == 200
    assert row["payload"]["description"] == "nul  and a lone � surrogate, a real \\u0000 kept"


def test_other_methods_are_not_answered(client: Client) -> None:
    assert [client.send(method, PATH).status for method in ("GET", "PUT", "DELETE")] == [405, 405, 405]


def test_without_a_secret_nothing_is_believed(db: Database, tmp_path: Path, fake_clock: FakeClock) -> None:
    client = client_on(db, tmp_path, fake_clock, secrets="")

    answer = client.deliver(event("payment_intent.succeeded", intent()))

    assert (answer.status, stored(db)) == (400, [])
