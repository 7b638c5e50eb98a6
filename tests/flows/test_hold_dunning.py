"""A person's word holds dunning, with who and why."""

from datetime import date

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.dunning_desk import DunningDesk
from billing_pipeline.adapters.tables import control
from billing_pipeline.domain.errors import Broken
from billing_pipeline.flows.hold_dunning import Wish, hold_dunning, release_dunning
from tests import seeds
from tests.dunning_world import World


@pytest.fixture
def world(db: Database) -> World:
    found = World(db)
    found.late(codes={"decline": "lost_card"})
    return found


def test_a_paused_account_is_left_alone_until_it_is_released(world: World):
    desk = DunningDesk(world.db)
    hold_dunning(desk, world.clock, Wish("acme", "pause", "ann", "key account"))
    paused = world.day(2).run()

    released = release_dunning(desk, world.clock, "acme")

    assert (paused.held, released, world.run().taken) == ({"held_by_hand": 1}, 1, {"mail": 1})


def test_a_promise_holds_one_invoice_by_its_number_through_its_day(world: World):
    wish = Wish("INV-1", "promise", "bob", "wire on Friday", date(2026, 3, 6))
    hold_dunning(DunningDesk(world.db), world.clock, wish)

    kept, broken = world.day(4).run(), world.day(5).run()

    assert (kept.held, broken.taken) == ({"promised": 1}, {"mail": 1})


def test_who_and_why_are_kept(world: World):
    hold_dunning(DunningDesk(world.db), world.clock, Wish("inv-1", "skip", "ann", "called already"))

    row = seeds.fetch(world.db, control.dunning_holds)[0]

    assert (row["invoice_id"], row["account_id"], row["who"], row["why"]) == ("inv-1", None, "ann", "called already")


@pytest.mark.parametrize(
    ("wish", "remedy"),
    [
        (Wish("nobody", "pause", "ann", "x"), "no account or invoice 'nobody'"),
        (Wish("acme", "pause", " ", "x"), "give --by and --why"),
        (Wish("acme", "pause", "ann", ""), "give --by and --why"),
        (Wish("acme", "promise", "ann", "x"), "give --until"),
        (Wish("acme", "skip", "ann", "x"), "name the invoice"),
        (Wish("acme", "pause", "ann", "x", date(2020, 1, 1)), "is past"),
    ],
)
def test_a_hold_that_makes_no_sense_is_refused_with_the_remedy(world: World, wish: Wish, remedy: str):
    with pytest.raises(Broken, match=remedy):
        hold_dunning(DunningDesk(world.db), world.clock, wish)

    assert seeds.fetch(world.db, control.dunning_holds) == []


def test_releasing_what_nothing_holds_is_refused(world: World):
    with pytest.raises(Broken, match="nothing holds 'acme'"):
        release_dunning(DunningDesk(world.db), world.clock, "acme")
