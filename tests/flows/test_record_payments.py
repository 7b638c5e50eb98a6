"""Money booked by hand enters the inbox like every other fact, and once."""

from dataclasses import replace
from datetime import timedelta

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.inbox_store import InboxStore
from billing_pipeline.adapters.tables import stripe
from billing_pipeline.domain.errors import Broken
from billing_pipeline.flows.appliers.own_facts import parse_recorded
from billing_pipeline.flows.record_payments import ReceivedMoney, record_payment
from tests.fakes import START, FakeClock
from tests.seeds import fetch

WIRE = ReceivedMoney(4900, "usd", "wire", "NTRF 42", START - timedelta(days=1), "ann", "inv-1", "acme")


def test_a_wire_becomes_a_fact_that_the_inbox_understands(db: Database, fake_clock: FakeClock) -> None:
    payment_id, new = record_payment(InboxStore(db), fake_clock, WIRE)

    (fact,) = fetch(db, stripe.inbox)
    money = parse_recorded(fact["object_id"], fact["payload"])
    assert new
    assert (fact["type"], fact["source"], fact["occurred_at"]) == ("payment.recorded", "hand", WIRE.received_at)
    assert (money.payment, money.invoice, money.method, money.amount) == (payment_id, "inv-1", "wire", 4900)


def test_the_same_wire_told_twice_is_one_payment(db: Database, fake_clock: FakeClock) -> None:
    first, second = (record_payment(InboxStore(db), fake_clock, WIRE) for _ in range(2))

    assert (first[0], first[1], second[1]) == (second[0], True, False)
    assert len(fetch(db, stripe.inbox)) == 1


def test_another_reference_is_another_payment(db: Database, fake_clock: FakeClock) -> None:
    one, _ = record_payment(InboxStore(db), fake_clock, WIRE)
    other, _ = record_payment(InboxStore(db), fake_clock, replace(WIRE, reference="NTRF 43"))

    assert one != other


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (replace(WIRE, amount_minor=0), "positive"),
        (replace(WIRE, currency="zzz"), "unknown currency"),
        (replace(WIRE, method="barter"), "use wire"),
        (replace(WIRE, received_at=START + timedelta(days=1)), "still to come"),
        (replace(WIRE, reference=""), "reference"),
    ],
)
def test_what_cannot_be_says_so_in_one_line(
    db: Database, fake_clock: FakeClock, wrong: ReceivedMoney, words: str
) -> None:
    with pytest.raises(Broken, match=words):
        record_payment(InboxStore(db), fake_clock, wrong)

    assert fetch(db, stripe.inbox) == []
