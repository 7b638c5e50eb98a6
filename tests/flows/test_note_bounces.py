"""A bounce stands at its message once, whatever is read how often."""

from datetime import timedelta
from email.utils import format_datetime

import pytest

from billing_pipeline.adapters.bounce_files import read_mail
from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.dunning_desk import DunningDesk, SentMessage
from billing_pipeline.flows.note_bounces import Read, Result, note_bounces
from billing_pipeline.flows.send_messages import send_messages
from tests.bounces import HOLIDAY, report
from tests.dunning_world import World
from tests.flows.test_send_messages import Post

SENT = "inv-1:reminder"


@pytest.fixture
def world(db: Database) -> World:
    """A reminder that was sent."""
    found = World(db)
    found.late(codes={"decline": "lost_card"})
    found.day(2).run()
    send_messages(found.store, Post(), found.stripe, found.gate, found.clock)
    return found


def reported(world: World, *, after: timedelta = timedelta(seconds=5), message: str = SENT, **said: str) -> str:
    return report(message, date=format_datetime(world.clock.now() + after), **said)


def note(world: World, *texts: str) -> list[Read]:
    found = [read_mail(f"{number}.eml", text.encode()) for number, text in enumerate(texts)]
    return note_bounces(DunningDesk(world.db), found)


def stands(world: World) -> SentMessage:
    (message,) = DunningDesk(world.db).messages()
    return message


def test_a_bounce_is_noted_with_its_status_and_the_servers_words(world: World):
    (read,) = note(world, reported(world, words="smtp; 550 5.1.1 no such user"))

    assert (read.result, read.message_id, read.kind) == (Result.NOTED, SENT, "hard")
    assert (stands(world).state, stands(world).error) == ("bounced", "hard 5.1.1: smtp; 550 5.1.1 no such user")


def test_the_same_reports_again_change_nothing(world: World):
    soft = reported(world, status="4.4.7", words="smtp; 450 4.4.7 expired")

    first, second = note(world, soft, reported(world)), note(world, soft)

    assert [one.result for one in first + second] == [Result.NOTED, Result.KNOWN, Result.KNOWN]
    assert stands(world).error == "soft 4.4.7: smtp; 450 4.4.7 expired"


def test_an_old_report_says_nothing_of_a_message_that_was_sent_again(world: World):
    old = reported(world)
    note(world, old)
    world.clock.advance(hours=1)
    DunningDesk(world.db).resend(SENT, world.clock.now())
    on_its_way = note(world, old)
    send_messages(world.store, Post(), world.stripe, world.gate, world.clock)

    again, new = note(world, old), note(world, reported(world))

    assert [one.result for one in on_its_way + again + new] == [Result.KNOWN, Result.KNOWN, Result.NOTED]


def test_a_delay_is_no_bounce_and_strangers_are_none_of_ours(world: World):
    texts = reported(world, action="delayed", status="4.4.1"), reported(world, message="somebody:else"), HOLIDAY

    read = note(world, *texts)

    assert [one.result for one in read] == [Result.NOT_BOUNCED, Result.NOT_OURS, Result.NO_REPORT]
    assert stands(world).state == "sent"
