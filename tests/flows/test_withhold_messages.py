"""A notice does not leave when its invoice was paid, is on hold, or no longer stands on proof."""

from datetime import timedelta

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.dunning_desk import DunningDesk
from billing_pipeline.adapters.tables import control
from billing_pipeline.domain.ids import InvoiceId
from billing_pipeline.flows.ports.dunning import Outcome
from billing_pipeline.flows.send_messages import Sent
from tests import seeds
from tests.dunning_world import Post, World, send, states, with_a_notice


@pytest.fixture
def world(db: Database) -> World:
    return with_a_notice(db)


def test_a_notice_is_withdrawn_when_the_invoice_was_paid_before_it_left(world: World):
    world.pay()
    post = Post()

    done = send(world, post)

    assert (done, states(world), post.carried) == (Sent(withdrawn=1), ["withdrawn"], [])


def test_an_old_notice_asks_stripe_once_more_and_is_withdrawn_when_stripe_has_the_money(world: World):
    post = Post(Outcome.DEFERRED)
    send(world, post)
    world.clock.advance(hours=3)
    world.stripe.statuses["pi_inv-1"] = "processing"

    done = send(world, post)

    assert (done, len(post.carried)) == (Sent(withdrawn=1), 1)


def test_an_old_notice_waits_while_stripe_is_silent(world: World):
    world.clock.advance(hours=3)
    world.stripe.silent = True
    post = Post()
    silent = send(world, post)

    world.stripe.silent = False
    world.clock.advance(minutes=2)
    heard = send(world, post)

    assert (silent, heard, len(post.carried)) == (Sent(deferred=1), Sent(sent=1), 1)


def test_an_old_notice_waits_while_reconciliation_forbids_dunning_its_invoice(world: World):
    world.clock.advance(hours=3)
    post = Post()
    world.gate.divergent = {InvoiceId("inv-1"): "amount: ours 4900, theirs 4800"}
    divergent = send(world, post)

    world.gate.divergent, world.gate.open, world.gate.reason = {}, False, "the certificate is 26 hours old"
    world.clock.advance(minutes=5)
    closed = send(world, post)
    told = DunningDesk(world.db).messages()[0].error
    world.gate.open = True
    world.clock.advance(minutes=15)
    opened = send(world, post)

    assert (divergent, closed, opened) == (Sent(deferred=1), Sent(deferred=1), Sent(sent=1))
    assert "26 hours old" in told


@pytest.mark.parametrize("subject", [{"account_id": "acme"}, {"invoice_id": "inv-1"}])
def test_a_notice_about_what_somebody_put_on_hold_is_withdrawn(world: World, subject: dict[str, str]):
    hold = {"kind": "pause", "who": "ann", "why": "key account", "made_at": world.clock.now()}
    seeds.add(world.db, control.dunning_holds, **subject, **hold)
    post = Post()

    done = send(world, post)

    assert (done, post.carried) == (Sent(withdrawn=1), [])


def test_a_hold_that_is_over_withdraws_nothing(world: World):
    now = world.clock.now()
    hold = {"who": "ann", "why": "", "made_at": now, "account_id": "acme"}
    seeds.add(world.db, control.dunning_holds, kind="pause", ended_at=now, **hold)
    seeds.add(world.db, control.dunning_holds, kind="promise", until=now.date() - timedelta(days=1), **hold)
    seeds.add(world.db, control.dunning_holds, kind="skip", **hold)

    assert send(world, Post()).sent == 1
