"""Steps are taken once, after a look at Stripe, and ask for their effects."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.tables import billing, control, stripe
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ids import InvoiceId
from billing_pipeline.flows.ports.dunning import Letter, Notice
from tests import seeds
from tests.dunning_world import World


@pytest.fixture
def world(db: Database) -> World:
    return World(db)


def subscribed(world: World, *names: str, account: str = "acme") -> None:
    seeds.insert_price(world.db)
    for name in names:
        seeds.insert_subscription(world.db, name, account)


def test_a_retry_is_a_wish_on_the_open_collection(world: World):
    world.late()

    done = world.day(1).run()

    collection = seeds.fetch(world.db, stripe.collections)[0]
    assert (done.taken, collection["retry_at"]) == ({"retry": 1}, world.clock.now())
    assert (done.amount_minor, done.messages) == ({"usd": 4900}, 0)


def test_a_step_is_written_down_with_what_it_stood_on(world: World):
    world.late()

    world.day(1).run()

    step = seeds.fetch(world.db, control.dunning_steps)[0]
    assert (step["step"], step["action"], step["policy_version"], step["segment"]) == (
        "retry-1", "retry", world.policy.version, "everyone else",
    )  # fmt: skip
    assert (step["intent_status"], step["intent_read_at"]) == ("requires_payment_method", world.clock.now())
    assert (step["decline_class"], step["failures"], step["owed_minor"]) == ("soft", 1, 4900)


def test_running_again_takes_nothing_twice(world: World):
    world.late()
    world.day(1).run()

    again = world.run()

    assert (again.taken, world.steps()) == ({}, ["retry-1"])


def test_two_runs_at_the_same_moment_take_each_step_once(world: World):
    for number in range(10):
        world.late(f"inv-{number}", f"acct{number}")
    world.day(1)
    taken: list[int] = []

    threads = [threading.Thread(target=lambda: taken.append(sum(world.run().taken.values()))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (sum(taken), len(seeds.fetch(world.db, control.dunning_steps))) == (10, 10)


@pytest.mark.parametrize("status", ["processing", "succeeded", "requires_capture"])
def test_an_invoice_that_stripe_is_being_paid_for_is_left_alone_and_the_news_enters_the_inbox(
    world: World, status: str
):
    world.late()
    world.stripe.statuses["pi_inv-1"] = status

    done = world.day(20).run()

    assert (done.taken, world.steps(), seeds.fetch(world.db, control.messages)) == ({}, [], [])
    assert done.held["paid_at_stripe"] >= 1
    facts = seeds.fetch(world.db, stripe.inbox)
    assert [(fact["source"], fact["type"], fact["object_id"]) for fact in facts] == [
        ("sweep", "payment_intent.swept", "pi_inv-1")
    ]


def test_a_silent_stripe_holds_the_step_for_the_next_run(world: World):
    world.late()
    world.stripe.silent = True
    silent = world.day(1).run()

    world.stripe.silent = False
    heard = world.run()

    assert (silent.taken, silent.held["stripe_silent"], heard.taken) == ({}, 1, {"retry": 1})


def test_every_step_is_preceded_by_a_fresh_look_at_stripe(world: World):
    world.late(codes={"decline": "lost_card"})
    subscribed(world, "s1")

    for late_days in range(1, 90):
        before = len(world.stripe.reads)
        taken = world.day(late_days).run().taken
        assert not taken or len(world.stripe.reads) > before

    rows = seeds.fetch(world.db, control.dunning_steps)
    assert [row["action"] for row in sorted(rows, key=lambda row: row["taken_at"])] == [
        "mail", "mail", "mail", "suspend", "cancel", "write_off",
    ]  # fmt: skip
    assert all(row["taken_at"] - row["intent_read_at"] <= timedelta(seconds=60) for row in rows)


def test_an_invoice_without_an_intent_asks_stripe_nothing(world: World):
    world.late(card=False, charged=False)

    done = world.day(3).run()

    assert (done.taken, world.stripe.reads) == ({"mail": 1}, [])


def test_a_payment_that_arrives_between_plan_and_step_wins(world: World):
    world.late()
    world.day(1)
    read = world.stripe.read

    def paid_meanwhile(path: str, params: object = None) -> object:
        answer = read(path)
        world.pay()
        return answer

    world.stripe.read = paid_meanwhile  # type: ignore[assignment, method-assign]

    done = world.run()

    assert (done.taken, done.held["changed_meanwhile"], world.steps()) == ({}, 1, [])


def test_nothing_moves_while_the_gate_is_closed_and_the_queue_drains_when_it_opens(world: World):
    world.late()
    world.gate.open, world.gate.reason = False, "the certificate is 26 hours old"

    closed = world.day(1).run()
    world.gate.open = True
    opened = world.run()

    assert (closed.taken, closed.held) == ({}, {"gate_closed": 1})
    assert opened.taken == {"retry": 1}


def test_an_open_divergence_holds_only_its_own_invoice(world: World):
    world.late()
    world.late("inv-2", "bolt")
    world.gate.divergent = {InvoiceId("inv-1"): "amount: ours 4900, theirs 4800"}

    done = world.day(1).run()

    assert (done.taken, done.held["open_divergence"]) == ({"retry": 1}, 1)
    assert (world.steps("inv-1"), world.steps("inv-2")) == ([], ["retry-1"])


def test_a_suspension_asks_for_every_live_subscription_and_tells_other_systems_and_the_customer(world: World):
    world.late(codes={"decline": "lost_card"})
    subscribed(world, "s1", "s2", "old")
    seeds.change(world.db, billing.subscriptions, "old", state="canceled", next_period_start=None)
    for late_days in range(1, 20):
        world.day(late_days).run()

    facts = [fact for fact in seeds.fetch(world.db, stripe.inbox) if fact["type"] == "subscription.suspend"]
    hooks = seeds.fetch(world.db, control.hooks)
    letters = seeds.fetch(world.db, control.messages, template="suspended")

    assert sorted(fact["object_id"] for fact in facts) == ["s1", "s2"]
    assert [(hook["type"], hook["payload"]["owed_minor"]) for hook in hooks] == [("account.suspended", 4900)]
    assert [letter["recipient"] for letter in letters] == ["acme@example.com"]


def test_several_late_invoices_of_one_customer_make_one_message(world: World):
    for number, total in ((1, 4900), (2, 12000)):
        codes = {"decline": "lost_card"}
        world.late(f"inv-{number}", total_minor=total, subtotal_minor=total, due_minor=total, codes=codes)

    done = world.day(2).run()

    letters = seeds.fetch(world.db, control.messages)
    assert (done.taken, done.messages, len(letters)) == ({"mail": 2}, 1, 1)
    assert "$169.00" in letters[0]["subject"]
    assert sorted(letters[0]["invoices"]) == ["inv-1", "inv-2"]
    assert "INV-1" in letters[0]["body_text"]
    assert "INV-2" in letters[0]["body_text"]


def test_the_gravest_step_chooses_the_words_of_a_common_message(world: World):
    codes = {"decline": "lost_card"}
    world.late("inv-1", codes=codes)
    for late_days in range(1, 19):
        world.day(late_days).run()
    world.late("inv-2", codes=codes, due_on=world.clock.now().date() - timedelta(days=2))

    world.day(19).run()

    newest = max(seeds.fetch(world.db, control.messages), key=lambda one: one["queued_at"])
    assert (newest["template"], sorted(newest["invoices"])) == ("suspended", ["inv-1", "inv-2"])


def test_a_customer_is_written_to_in_their_language_and_money(world: World):
    world.late(
        "inv-1", "tokyo", codes={"decline": "lost_card"}, currency="jpy", total_minor=5000, subtotal_minor=5000,
        due_minor=5000, account_values={"locale": "ja-JP", "currency": "jpy", "zone": "Asia/Tokyo"},
    )  # fmt: skip

    world.day(2, hour=3).run()

    letter = seeds.fetch(world.db, control.messages)[0]
    assert (letter["language"], "￥5,000" in letter["subject"]) == ("ja", True)


def test_a_skipped_step_does_nothing_and_ends_its_hold(world: World):
    world.late(codes={"decline": "lost_card"})
    seeds.add(
        world.db,
        control.dunning_holds,
        invoice_id="inv-1",
        kind="skip",
        who="ann",
        why="called",
        made_at=world.clock.now(),
    )

    done = world.day(2).run()

    step = seeds.fetch(world.db, control.dunning_steps)[0]
    assert (done.taken, step["outcome"]) == ({"skip": 1}, "skipped by ann: called")
    assert seeds.fetch(world.db, control.messages) == []
    assert seeds.fetch(world.db, control.dunning_holds)[0]["ended_at"] == world.clock.now()


def test_a_bank_return_starts_the_ladder_anew_under_other_names(world: World):
    world.late()
    world.day(1).run()
    with world.db.transaction() as connection:
        returned = {"closed_at": world.clock.now(), "close_reason": "returned", "retry_at": None, "failures": 0}
        connection.execute(stripe.collections.update().values(**returned))
    seeds.insert_collection(world.db, "inv-1", "pi_2", seq=2, failures=0, last_failed_at=None)

    world.day(3).run()

    assert world.steps() == ["retry-1", "retry-1@2"]


def test_a_write_off_is_a_fact_for_the_books_and_the_last_step(world: World):
    world.late(codes={"decline": "lost_card"})
    for late_days in range(1, 80):
        world.day(late_days).run()

    facts = [(fact["type"], fact["object_id"]) for fact in seeds.fetch(world.db, stripe.inbox)]

    assert facts == [("invoice.given_up", "inv-1")]
    assert world.steps()[-1] == "write-off"


def test_one_account_whose_letter_cannot_be_written_does_not_stop_the_others(world: World):
    for account in ("acme", "bolt"):
        world.late(f"inv-{account}", account, codes={"decline": "lost_card"})
    write = world.letters.compose

    class Picky:
        def compose(self, notice: Notice) -> Letter:
            if notice.customer == "Acme":
                raise Broken("no template en/threat")
            return write(notice)

    world.letters = Picky()  # type: ignore[assignment]

    done = world.day(2).run()

    assert (done.taken, done.failed) == ({"mail": 1}, {"acme": "no template en/threat"})
    assert (world.steps("inv-acme"), world.steps("inv-bolt")) == ([], ["reminder"])


def test_a_policy_without_words_for_a_step_sends_none(world: World):
    ladder = world.policy.ladders["standard"]
    steps = tuple(replace(step, template="" if step.action == "suspend" else step.template) for step in ladder.steps)
    world.policy = replace(
        world.policy, ladders=dict(world.policy.ladders) | {"standard": replace(ladder, steps=steps)}
    )
    world.late(codes={"decline": "lost_card"})

    for late_days in range(1, 20):
        world.day(late_days).run()

    assert [row["template"] for row in seeds.fetch(world.db, control.messages)].count("suspended") == 0
    assert "suspend" in world.steps()
