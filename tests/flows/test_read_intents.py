"""What Stripe says about intents now, and the news in it."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from billing_pipeline.domain.errors import Broken, Refused, TryLater, Unknown
from billing_pipeline.domain.ids import InvoiceId, PaymentIntentId
from billing_pipeline.flows.ports import Page, Reply
from billing_pipeline.flows.read_intents import read_intents
from tests.fakes import START, FakeClock


class Stripe:
    """Answers with what it was given, or raises it."""

    api_version = "test"

    def __init__(self, **answers: object) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def read(self, path: str, params: Mapping[str, Any] | None = None) -> Mapping[str, Any] | None:
        self.asked.append(path)
        answer = self.answers[path.rpartition("/")[2]]
        if isinstance(answer, Exception):
            raise answer
        if answer is None:
            return None
        return {
            "id": path.rpartition("/")[2],
            "object": "payment_intent",
            "status": answer,
            "created": 1,
            "livemode": False,
        }

    def send(self, request: object, key: object) -> Reply:
        raise AssertionError("reading changes nothing")

    def pages(self, path: str, params: Mapping[str, Any] | None = None) -> Iterator[Page]:
        raise AssertionError("one intent is read, none is listed")


def wanted(*names: str) -> dict[InvoiceId, PaymentIntentId | None]:
    return {InvoiceId(f"inv-{name}"): PaymentIntentId(name) for name in names}


def test_an_open_intent_is_no_news():
    found = read_intents(Stripe(pi_1="requires_payment_method"), FakeClock(), wanted("pi_1"), 1)

    reading = found[InvoiceId("inv-pi_1")]
    assert (reading.status, reading.silent, reading.news, reading.at) == ("requires_payment_method", False, None, START)


@pytest.mark.parametrize("status", ["succeeded", "processing", "requires_capture", "canceled"])
def test_a_settled_intent_is_a_fact_that_we_missed(status: str):
    found = read_intents(Stripe(pi_1=status), FakeClock(), wanted("pi_1"), 1)

    news = found[InvoiceId("inv-pi_1")].news
    assert news is not None
    assert (news.type, news.source, news.object_id) == ("payment_intent.swept", "sweep", "pi_1")


def test_the_same_news_has_the_same_name_so_that_the_inbox_keeps_it_once():
    names = {
        reading.news.event_id
        for _ in range(2)
        for reading in read_intents(Stripe(pi_1="succeeded"), FakeClock(), wanted("pi_1"), 1).values()
        if reading.news
    }

    assert len(names) == 1


@pytest.mark.parametrize("trouble", [Unknown("no reply"), TryLater("429"), Refused("no", None), None])  # type: ignore[arg-type]
def test_an_answer_that_does_not_come_is_silence_and_not_consent(trouble: Exception | None):
    found = read_intents(Stripe(pi_1=trouble), FakeClock(), wanted("pi_1"), 1)

    assert found[InvoiceId("inv-pi_1")].silent


def test_a_broken_setup_is_not_mistaken_for_a_silent_stripe():
    with pytest.raises(Broken, match="inside a transaction"):
        read_intents(Stripe(pi_1=Broken("inside a transaction")), FakeClock(), wanted("pi_1"), 1)


def test_an_invoice_without_an_intent_has_nothing_to_ask():
    stripe = Stripe()

    found = read_intents(stripe, FakeClock(), {InvoiceId("inv-1"): None}, 8)

    assert (stripe.asked, found[InvoiceId("inv-1")].status, found[InvoiceId("inv-1")].silent) == ([], "", False)


def test_many_intents_are_read_side_by_side_and_none_is_mixed_up():
    names = [f"pi_{number}" for number in range(40)]
    stripe = Stripe(**{name: "processing" if name.endswith("7") else "requires_action" for name in names})

    found = read_intents(stripe, FakeClock(), wanted(*names), 8)

    assert len(stripe.asked) == 40
    assert {name for name, one in found.items() if one.status == "processing"} == {
        InvoiceId(f"inv-pi_{number}") for number in (7, 17, 27, 37)
    }
