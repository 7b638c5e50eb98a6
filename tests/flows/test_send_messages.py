"""Each message is sent once, or reported once."""

from datetime import timedelta

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.dunning_desk import DunningDesk
from billing_pipeline.adapters.tables import catalog, control
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ids import InvoiceId
from billing_pipeline.flows.ports.dunning import Letter, Message, Outcome
from billing_pipeline.flows.send_messages import BACK_OFF, Sent
from tests import seeds
from tests.dunning_world import Post, World, send, states, with_a_notice


@pytest.fixture
def world(db: Database) -> World:
    return with_a_notice(db)


def test_a_message_is_sent_once(world: World):
    post = Post()

    first, second = send(world, post), send(world, post)

    assert (first, second, states(world)) == (Sent(sent=1), Sent(), ["sent"])
    assert post.carried == ["inv-1:reminder"]


def test_a_message_that_was_not_accepted_is_tried_again_later(world: World):
    post = Post(Outcome.DEFERRED)
    deferred = send(world, post)
    too_early = send(world, post)

    world.clock.advance(minutes=1)
    later = send(world, post)

    assert (deferred, too_early, later) == (Sent(deferred=1), Sent(), Sent(sent=1))


def test_a_message_that_nobody_ever_accepts_fails_in_the_end(world: World):
    post = Post(*[Outcome.DEFERRED] * 20)

    for wait in (timedelta(), *BACK_OFF, timedelta(days=1)):
        world.clock.set(world.clock.now() + wait)
        send(world, post)

    assert (states(world), len(post.carried)) == (["failed"], len(BACK_OFF) + 1)


def test_a_rejected_message_is_reported_and_not_repeated(world: World):
    post = Post(Outcome.REJECTED)

    first, second = send(world, post), send(world, post)

    assert (first, second, states(world)) == (Sent(failed=1), Sent(), ["failed"])


def test_a_message_whose_answer_was_lost_is_reported_and_never_sent_again_by_itself(world: World):
    post = Post(Outcome.UNCERTAIN)
    first = send(world, post)

    world.clock.advance(days=2)
    later = send(world, post)

    assert (first, later, len(post.carried)) == (Sent(uncertain=1), Sent(), 1)


def test_a_message_whose_sender_died_is_uncertain(world: World):
    now = world.clock.now()
    world.store.claim_messages(1, now, now + timedelta(minutes=15))
    post = Post()
    during = send(world, post)

    world.clock.advance(minutes=16)
    after = send(world, post)

    assert (during, after, post.carried) == (Sent(), Sent(uncertain=1), [])


def test_a_file_whose_writer_died_is_simply_written_again(world: World):
    now = world.clock.now()
    world.store.claim_messages(1, now, now + timedelta(minutes=15))
    world.clock.advance(minutes=16)

    done = send(world, Post(repeatable=True))

    assert (done.sent, states(world)) == (1, ["sent"])


def test_an_account_without_an_address_is_reported(db: Database):
    world = World(db)
    world.late(codes={"decline": "lost_card"}, account_values={"email": ""})
    world.day(2).run()

    done = send(world, Post())

    assert (done, seeds.fetch(db, control.messages)[0]["error"]) == (
        Sent(failed=1),
        "the account has no e-mail address",
    )


def test_a_bounce_is_noted_and_a_person_may_send_again(world: World):
    desk, post = DunningDesk(world.db), Post()
    send(world, post)
    desk.note_bounce("inv-1:reminder", "mailbox full")
    bounced = states(world)

    desk.resend("inv-1:reminder", world.clock.now())
    send(world, post)

    assert (bounced, states(world), len(post.carried)) == (["bounced"], ["sent"], 2)


@pytest.fixture
def lost(world: World) -> DunningDesk:
    """The reminder came back for ever, and a second message waits."""
    desk = DunningDesk(world.db)
    send(world, Post())
    desk.note_bounce("inv-1:reminder", "hard 5.1.1: no such user")
    world.store.queue_message(another(world))
    return desk


def another(world: World, message_id: str = "inv-1:another") -> Message:
    (account,) = seeds.fetch(world.db, catalog.accounts)
    letter = Letter("subject", "text", "html")
    invoice, now = InvoiceId("inv-1"), world.clock.now()
    return Message(message_id, account["account_id"], (invoice,), "reminder", "en", account["email"], letter, now)


def test_nothing_more_is_sent_to_an_address_from_which_a_message_came_back_for_ever(world: World, lost: DunningDesk):
    post = Post()

    done = send(world, post)

    (row,) = lost.messages("failed")
    assert (done, post.carried) == (Sent(failed=1), [])
    assert "inv-1:reminder of " in row.error
    assert "hard 5.1.1: no such user" in row.error


def test_an_address_counts_again_when_a_person_sent_the_lost_message_once_more(world: World, lost: DunningDesk):
    send(world, Post())
    lost.resend("inv-1:reminder", world.clock.now())
    send(world, Post())
    lost.resend("inv-1:another", world.clock.now())
    post = Post()

    send(world, post)

    assert (post.carried, states(world)) == (["inv-1:another"], ["sent", "sent"])


def test_a_person_opens_an_address_again_from_which_several_messages_came_back(world: World):
    desk, post = DunningDesk(world.db), Post()
    world.store.queue_message(another(world))
    send(world, Post())
    for message in ("inv-1:reminder", "inv-1:another"):
        desk.note_bounce(message, "hard 5.1.1: no such user")

    world.clock.advance(days=1)
    desk.resend("inv-1:reminder", world.clock.now())
    send(world, post)
    world.store.queue_message(another(world, "inv-1:third"))
    send(world, post)

    assert post.carried == ["inv-1:reminder", "inv-1:third"]


def test_what_is_sent_again_goes_to_the_address_that_the_account_has_now(world: World, lost: DunningDesk):
    send(world, Post())
    seeds.change(world.db, catalog.accounts, "acme", email="new@acme.example")
    lost.resend("inv-1:another", world.clock.now())

    done = send(world, Post())

    (row,) = lost.messages("sent")
    assert (done, row.message_id, row.recipient) == (Sent(sent=1), "inv-1:another", "new@acme.example")


def test_a_bounce_that_is_not_for_ever_stops_nothing(world: World):
    send(world, Post())
    DunningDesk(world.db).note_bounce("inv-1:reminder", "soft 4.2.2: mailbox full")
    world.store.queue_message(another(world))

    assert send(world, Post()) == Sent(sent=1)


def test_what_was_never_sent_cannot_bounce_and_what_is_on_its_way_cannot_be_sent_again(world: World):
    desk = DunningDesk(world.db)

    with pytest.raises(Broken, match="never sent"):
        desk.note_bounce("inv-1:reminder", "mailbox full")
    with pytest.raises(Broken, match="cannot be sent again"):
        desk.resend("inv-1:reminder", world.clock.now())


def test_the_outbox_can_be_looked_at_by_state_and_account(world: World):
    desk = DunningDesk(world.db)

    found = [desk.messages(), desk.messages("queued"), desk.messages("sent"), desk.messages(account="bolt")]

    assert [len(rows) for rows in found] == [1, 1, 0, 0]
    assert found[0][0].recipient == seeds.fetch(world.db, catalog.accounts)[0]["email"]
