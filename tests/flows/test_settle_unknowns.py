"""Unknown outcomes are asked for, never guessed: at most one successful charge per invoice, whatever goes wrong."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.domain.attempts import LEASE, Operation
from stripe_simulator import Fault, Simulator
from tests.clusters import Cluster
from tests.collecting import Desk, customer, give_card, invoice, open_desk
from tests.fakes import START

BEFORE_THE_EFFECT = ["error_before", "drop_before"]
AFTER_THE_EFFECT = ["error_after", "drop_after", "truncate"]
WAITED_OUT = ["rate_limited", "lock_timeout", "key_in_use"]


@pytest.fixture
def desk(db: Database, simulator: Simulator) -> Desk:
    return open_desk(db, simulator)


def settle_until_quiet(desk: Desk, minutes: int = 30) -> None:
    """Ask every minute, as the schedule does."""
    for _ in range(minutes):
        desk.pass_time(minutes=1)
        desk.settle()


@pytest.mark.parametrize("kind", WAITED_OUT)
def test_limits_locks_and_requests_in_flight_are_waited_out_under_the_same_key(desk: Desk, kind: str) -> None:
    customer(desk)
    invoice(desk)
    desk.fault(kind, times=3)

    done = desk.collect()

    keys = [key for method, path, key in desk.sim.calls if (method, path) == ("post", "/v1/payment_intents")]
    assert (done.succeeded, done.unknown) == (1, 0)
    assert keys == ["pi:inv-1:1:1"] * 4


@pytest.mark.parametrize("kind", BEFORE_THE_EFFECT + AFTER_THE_EFFECT)
def test_a_charge_whose_reply_was_lost_is_made_exactly_once(desk: Desk, kind: str) -> None:
    customer(desk)
    invoice(desk)
    desk.fault(kind)

    unknown = desk.collect().unknown
    settle_until_quiet(desk)
    again = desk.collect()
    desk.collect()

    assert unknown == 1
    assert desk.charges() == {"inv-1": 1}
    assert desk.attempts(outcome=None) == []
    assert again.submitted == (1 if kind == "error_before" else 0)


@pytest.mark.parametrize("kind", BEFORE_THE_EFFECT + AFTER_THE_EFFECT)
def test_a_retry_whose_reply_was_lost_is_made_exactly_once(desk: Desk, kind: str) -> None:
    customer_id = customer(desk, card="pm_sim_insufficient_funds")
    invoice(desk)
    desk.collect()
    give_card(desk, "acme", customer_id, "pm_card_visa")
    desk.wish_retry()
    desk.fault(kind, path="/v1/payment_intents/*/confirm")

    desk.collect()
    settle_until_quiet(desk)
    desk.collect()

    assert desk.charges() == {"inv-1": 1}
    assert desk.attempts(outcome=None) == []
    assert len(desk.sim.objects("payment_intent")) == 1


def test_a_declined_retry_after_a_server_error_is_known_by_its_new_charge(desk: Desk) -> None:
    customer(desk, card="pm_sim_insufficient_funds")
    invoice(desk)
    desk.collect()
    desk.wish_retry()
    desk.fault("error_after", path="/v1/payment_intents/*/confirm")

    desk.collect()
    settle_until_quiet(desk, minutes=2)

    confirm = desk.attempts(operation="confirm")[0]
    assert (confirm["outcome"], confirm["resolved_by"]) == ("declined", "lookup")
    assert confirm["codes"]["decline"] == "insufficient_funds"


def test_a_retry_that_never_began_is_known_by_its_old_charge(desk: Desk) -> None:
    customer(desk, card="pm_sim_insufficient_funds")
    invoice(desk)
    desk.collect()
    desk.wish_retry()
    desk.fault("error_before", path="/v1/payment_intents/*/confirm")

    desk.collect()
    settle_until_quiet(desk, minutes=9)
    early = desk.attempts(operation="confirm")[0]["outcome"]
    settle_until_quiet(desk, minutes=3)

    confirm = desk.attempts(operation="confirm")[0]
    assert (early, confirm["outcome"]) == (None, "not_created")


def test_no_reply_is_resent_byte_for_byte_under_the_same_key(desk: Desk) -> None:
    customer(desk)
    invoice(desk)
    desk.fault("drop_after")
    desk.collect()
    desk.pass_time(minutes=1)

    done = desk.settle()

    keys = [key for method, path, key in desk.sim.calls if (method, path) == ("post", "/v1/payment_intents")]
    assert (done.resent, done.settled) == (1, 1)
    assert keys == ["pi:inv-1:1:1"] * 2
    assert desk.attempts()[0]["resolved_by"] == "resend"


@pytest.mark.parametrize(
    ("kind", "outcome", "made"), [("drop_before", "not_created", 0), ("drop_after", "succeeded", 1)]
)
def test_what_was_paid_meanwhile_is_looked_up_and_not_sent_again(
    desk: Desk, kind: str, outcome: str, made: int
) -> None:
    customer(desk)
    invoice(desk)
    desk.fault(kind)
    desk.collect()
    desk.alter(closed_at=desk.clock.now(), close_reason="paid")

    settle_until_quiet(desk, minutes=12)

    (attempt,) = desk.attempts()
    assert (desk.posts("/v1/payment_intents"), desk.charges()["inv-1"]) == (1, made)
    assert (attempt["outcome"], attempt["resolved_by"]) == (outcome, "lookup")


def test_after_a_5xx_nothing_is_ever_sent_again(desk: Desk) -> None:
    customer(desk)
    invoice(desk)
    desk.fault("error_after")
    desk.collect()

    settle_until_quiet(desk)

    assert desk.posts("/v1/payment_intents") == 1
    assert desk.attempts()[0]["resolved_by"] == "lookup"


def test_past_twenty_hours_nothing_is_sent_again_because_the_key_may_be_forgotten(desk: Desk) -> None:
    customer(desk)
    invoice(desk)
    desk.fault("drop_after", times=0)
    desk.collect()
    desk.pass_time(hours=25)
    desk.sim.faults.clear()

    done = desk.settle()

    assert (done.resent, done.looked_up, done.settled) == (0, 1, 1)
    assert desk.posts("/v1/payment_intents") == 1
    assert desk.charges() == {"inv-1": 1}


def test_a_crash_between_saying_and_doing_is_repaired_by_the_lease(desk: Desk) -> None:
    customer(desk)
    invoice(desk)
    desk.fault("drop_before")
    desk.collect()
    forget_what_was_learnt(desk)

    too_early = desk.settle()
    desk.pass_time(seconds=LEASE.total_seconds() + 1)
    done = desk.settle()

    assert (too_early.resent, done.resent, done.settled) == (0, 1, 1)
    assert desk.charges() == {"inv-1": 1}


def test_an_outage_ends_within_fifteen_minutes_of_stripe_answering_again(desk: Desk) -> None:
    customer(desk)
    invoice(desk)
    desk.fault("drop_before", times=0)
    desk.collect()
    settle_until_quiet(desk, minutes=180)

    desk.sim.faults.clear()
    settle_until_quiet(desk, minutes=15)

    assert desk.attempts(outcome=None) == []
    assert desk.charges() == {"inv-1": 1}


def test_two_settlers_at_once_ask_once(desk: Desk) -> None:
    customer(desk)
    invoice(desk)
    desk.fault("drop_after", nth=1)
    desk.collect()
    desk.pass_time(minutes=1)

    first = desk.store.claim_unknown(tuple(Operation), desk.clock.now(), 10)
    second = desk.store.claim_unknown(tuple(Operation), desk.clock.now(), 10)

    assert (len(first), len(second)) == (1, 0)


def test_an_unknown_attempt_keeps_its_invoice_from_being_charged(desk: Desk) -> None:
    customer(desk)
    invoice(desk)
    desk.fault("drop_after", times=0)

    first, second = desk.collect(), desk.collect()

    assert (first.unknown, second.submitted) == (1, 0)


@pytest.fixture
def fresh_desks(cluster: Cluster, template: str) -> Iterator[list[Database]]:
    """Databases made within one test, closed and dropped at its end."""
    made: list[Database] = []
    yield made
    for database in made:
        database.close()
        cluster.drop(str(database.url.database))


FAULTS = st.lists(
    st.tuples(
        st.sampled_from(BEFORE_THE_EFFECT + AFTER_THE_EFFECT + WAITED_OUT),
        st.sampled_from(["/v1/payment_intents", "/v1/payment_intents/*/confirm", "/v1/payment_intents/*"]),
        st.integers(min_value=1, max_value=4),
        st.sampled_from([500, 503]),
    ),
    max_size=6,
)
CARDS = st.lists(
    st.sampled_from(["pm_card_visa", "pm_sim_insufficient_funds", "pm_card_mastercard"]), min_size=1, max_size=3
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(faults=FAULTS, cards=CARDS)
def test_whatever_goes_wrong_each_invoice_is_paid_at_most_once_and_nothing_stays_unknown(
    cluster: Cluster,
    template: str,
    fresh_desks: list[Database],
    faults: list[tuple[str, str, int, int]],
    cards: list[str],
) -> None:
    db = Database(cluster.url(cluster.create(template)))
    fresh_desks.append(db)
    desk = open_desk(db, Simulator(seed=7, now=START))
    for number, card in enumerate(cards):
        customer(desk, f"acc-{number}", card)
        invoice(desk, f"inv-{number}", f"acc-{number}")
    desk.sim.faults.add(*(Fault(kind=k, path=p, nth=n, status=s) for k, p, n, s in faults))

    for _ in range(4):
        desk.collect()
        settle_until_quiet(desk, minutes=12)
        desk.pass_time(days=1)
        for number in range(len(cards)):
            desk.wish_retry(f"inv-{number}")
    desk.sim.faults.clear()
    settle_until_quiet(desk, minutes=15)
    desk.collect()

    assert all(count == 1 for count in desk.charges().values())
    assert desk.attempts(outcome=None) == []
    paid = {f"inv-{number}" for number, card in enumerate(cards) if card.startswith("pm_card")}
    assert set(desk.charges()) == paid


def forget_what_was_learnt(desk: Desk) -> None:
    """The attempt as a killed process leaves it: said, and nothing more."""
    with desk.db.transaction() as connection:
        connection.exec_driver_sql(
            "update stripe_attempts set unknown_reason = null, next_check_at = null, checks = 0,"
            f" lease_until = started_at + interval '{LEASE // timedelta(minutes=1)} minutes'"
        )
