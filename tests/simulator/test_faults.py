"""Faults: each strikes where it was ordered to, once, and what it leaves behind is what Stripe would leave."""

import pytest
import stripe

from stripe_simulator import Fault, Simulator
from tests.simulator.stories import charge, payer, told

RATES = "docs.stripe.com/rate-limits"
ERRORS = "docs.stripe.com/error-low-level"
EVENTS = "docs.stripe.com/webhooks"
DAY = 86_400


def _intents(sim: Simulator) -> int:
    return len(sim.objects("payment_intent"))


@pytest.mark.behaviour("faults", "429 says which limit, and no Retry-After", source=RATES)
def test_a_rate_limited_call_says_why_and_does_nothing(sim: Simulator, client: stripe.StripeClient) -> None:
    customer, method = payer(client)
    sim.faults.add(Fault(kind="rate_limited", path="/v1/payment_intents", reason="endpoint-rate"))

    with pytest.raises(stripe.RateLimitError) as refused:
        charge(client, customer, method, key="k")

    headers = refused.value.headers
    assert headers["Stripe-Rate-Limited-Reason"] == "endpoint-rate"
    assert ("Retry-After" in headers, _intents(sim)) == (False, 0)
    assert charge(client, customer, method, key="k").status == "succeeded"


@pytest.mark.behaviour("faults", "lock_timeout is a 429 without that header", source=RATES)
def test_a_lock_timeout_has_no_rate_limit_reason(sim: Simulator, client: stripe.StripeClient) -> None:
    customer, method = payer(client)
    sim.faults.add(Fault(kind="lock_timeout", path="/v1/payment_intents"))

    with pytest.raises(stripe.RateLimitError) as refused:
        charge(client, customer, method)

    assert refused.value.error is not None
    assert (refused.value.error.code, "Stripe-Rate-Limited-Reason" in refused.value.headers) == ("lock_timeout", False)


@pytest.mark.behaviour("faults", "5xx before or after the effect", source=ERRORS)
@pytest.mark.parametrize(("kind", "made"), [("error_before", 0), ("error_after", 1)])
@pytest.mark.parametrize("status", [500, 503])
def test_a_server_error_leaves_the_effect_or_not(
    sim: Simulator, client: stripe.StripeClient, kind: str, made: int, status: int
) -> None:
    customer, method = payer(client)
    fault = Fault(kind=kind, path="/v1/payment_intents", status=status, should_retry=False)  # type: ignore[arg-type]
    sim.faults.add(fault)

    with pytest.raises(stripe.APIError) as broken:
        charge(client, customer, method, key="k")

    assert (broken.value.http_status, broken.value.headers["Stripe-Should-Retry"]) == (status, "false")
    assert _intents(sim) == made


@pytest.mark.behaviour("faults", "a lost reply: the effect is there", source=ERRORS)
@pytest.mark.parametrize("fault", [Fault(kind="drop_after"), Fault(kind="slow_after", seconds=90)])
def test_a_lost_reply_leaves_the_effect_and_the_key_finds_it(
    sim: Simulator, client: stripe.StripeClient, fault: Fault
) -> None:
    customer, method = payer(client)
    sim.faults.add(fault)
    with pytest.raises(stripe.APIConnectionError):
        charge(client, customer, method, key="k")

    again = charge(client, customer, method, key="k")

    assert (again.status, _intents(sim)) == ("succeeded", 1)


@pytest.mark.behaviour("faults", "truncated JSON with status 200", source=ERRORS)
def test_truncated_json_is_an_api_error_with_status_200(sim: Simulator, client: stripe.StripeClient) -> None:
    customer, method = payer(client)
    sim.faults.add(Fault(kind="truncate", path="/v1/payment_intents"))

    with pytest.raises(stripe.APIError) as broken:
        charge(client, customer, method, key="k")

    assert (broken.value.http_status, _intents(sim)) == (200, 1)


def test_a_fault_strikes_the_nth_matching_call_only(sim: Simulator, client: stripe.StripeClient) -> None:
    customer, method = payer(client)
    sim.faults.add(Fault(kind="drop_before", method="post", path="/v1/payment_intents", nth=2, customer=customer))
    outcomes = []

    for _ in range(3):
        try:
            outcomes.append(charge(client, customer, method).status)
        except stripe.APIConnectionError:
            outcomes.append("lost")

    assert outcomes == ["succeeded", "lost", "succeeded"]


def test_chance_is_decided_by_the_seed() -> None:
    def lost(seed: int) -> list[int]:
        sim = Simulator(seed=seed)
        client = sim.client()
        sim.faults.add(Fault(kind="drop_before", path="/v1/balance", times=0, chance=0.5))
        gone = []
        for call in range(20):
            try:
                client.v1.balance.retrieve()
            except stripe.APIConnectionError:
                gone.append(call)
        return gone

    same, again, other = lost(1), lost(1), lost(2)

    assert same == again != other
    assert 3 < len(same) < 17


def test_an_unknown_fault_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="no fault is called 'earthquake'"):
        Fault(kind="earthquake")  # type: ignore[arg-type]


@pytest.mark.behaviour("faults", "an event may never be generated", source=EVENTS)
def test_an_event_is_never_generated(sim: Simulator, client: stripe.StripeClient) -> None:
    customer, method = payer(client)
    sim.faults.add(Fault(kind="event_never", event_type="payment_intent.succeeded"))

    intent = charge(client, customer, method)

    assert intent.status == "succeeded"
    assert client.v1.events.list({"type": "payment_intent.succeeded"}).data == []


@pytest.mark.behaviour("faults", "an event becomes visible behind a cursor", source="singer-io/tap-stripe#45")
def test_an_event_appears_late_and_behind_younger_ones(sim: Simulator, client: stripe.StripeClient) -> None:
    customer, method = payer(client)
    sim.faults.add(Fault(kind="event_late", event_type="payment_intent.succeeded", seconds=240))
    charge(client, customer, method)
    sim.advance(seconds=60)
    client.v1.customers.create({})
    seen = [e.id for e in client.v1.events.list({"limit": 100}).data]

    sim.advance(seconds=240)
    later = client.v1.events.list({"limit": 100}).data

    late = [e for e in later if e.type == "payment_intent.succeeded"]
    assert late
    assert late[0].id not in seen
    assert later[0].id in seen or later[0].type == "charge.updated"


@pytest.mark.behaviour("faults", "two event objects for one fact", source=EVENTS)
def test_two_events_tell_one_fact(sim: Simulator, client: stripe.StripeClient) -> None:
    customer, method = payer(client)
    sim.faults.add(Fault(kind="event_twice", event_type="payment_intent.succeeded"))

    intent = charge(client, customer, method)

    twins = client.v1.events.list({"type": "payment_intent.succeeded"}).data
    assert len({e.id for e in twins}) == 2
    assert {e.data.object["id"] for e in twins} == {intent.id}


def test_a_page_that_shifts_hides_one_row_from_one_reading(sim: Simulator, client: stripe.StripeClient) -> None:
    names = [client.v1.customers.create({}).id for _ in range(5)]
    sim.faults.add(Fault(kind="page_shift", path="/v1/customers"))

    first = [c.id for c in client.v1.customers.list().data]
    second = [c.id for c in client.v1.customers.list().data]

    assert (len(first), second) == (4, names[::-1])


@pytest.mark.behaviour("limits", "token buckets per account and per operation", source=RATES)
def test_the_limit_refuses_the_26th_call_of_a_second_and_refills(sim: Simulator, client: stripe.StripeClient) -> None:
    seconds = [0.0]
    sim.limits.timer = lambda: seconds[0]
    sim.limits.switch_on(per_account=25, per_operation=25)
    for _ in range(25):
        client.v1.balance.retrieve()

    with pytest.raises(stripe.RateLimitError) as refused:
        client.v1.balance.retrieve()
    seconds[0] = 1.0

    assert refused.value.headers["Stripe-Rate-Limited-Reason"] == "global-rate"
    assert client.v1.balance.retrieve().object == "balance"


@pytest.mark.behaviour("limits", "a sandbox has 25 requests a second, a live account 100", source=RATES)
@pytest.mark.parametrize(("livemode", "served"), [(False, 25), (True, 100)])
def test_a_live_account_has_more_room_than_a_sandbox(livemode: bool, served: int) -> None:
    sim = Simulator(livemode=livemode)
    sim.limits.timer = lambda: 0.0  # nothing refills
    sim.limits.switch_on(per_operation=1_000)
    key = {"Authorization": f"Bearer sk_{'live' if livemode else 'test'}_x"}

    replies = [sim.handle("get", "/v1/customers", key).status for _ in range(served + 5)]

    assert replies == [200] * served + [429] * 5


@pytest.mark.parametrize("capture", ["automatic", "automatic_async"])
def test_a_charge_is_settled_as_late_as_ordered(sim: Simulator, client: stripe.StripeClient, capture: str) -> None:
    customer, method = payer(client)
    sim.faults.add(Fault("settlement_late", customer=customer, seconds=10 * DAY))

    late, next_one = (charge(client, customer, method, capture_method=capture) for _ in range(2))

    sim.advance(seconds=9 * DAY)
    waiting = [client.v1.charges.retrieve(str(paid.latest_charge)) for paid in (late, next_one)]
    sim.advance(seconds=2 * DAY)
    settled = client.v1.charges.retrieve(str(late.latest_charge))
    assert [one.paid and one.balance_transaction is None for one in waiting] == [True, False]
    assert settled.balance_transaction is not None
    assert told(sim, settled.id)[-1] == "charge.updated"


def test_a_late_bank_debit_and_a_late_capture_succeed_without_their_money(
    sim: Simulator, client: stripe.StripeClient
) -> None:
    sim.faults.add(Fault("settlement_late", times=2, seconds=30 * DAY))
    debit = charge(client, *payer(client, "pm_usBankAccount"))
    held = charge(client, *payer(client), capture_method="manual")

    client.v1.payment_intents.capture(held.id)
    sim.advance(seconds=6 * DAY)

    charges = [
        client.v1.payment_intents.retrieve(one.id, {"expand": ["latest_charge"]}).latest_charge for one in (debit, held)
    ]
    assert [(one.paid, one.balance_transaction) for one in charges] == [(True, None)] * 2  # type: ignore[union-attr]
    assert sim.objects("balance_transaction") == []


def test_money_that_moves_again_is_booked_first_however_late_it_was(
    sim: Simulator, client: stripe.StripeClient
) -> None:
    customer, method = payer(client)
    sim.faults.add(Fault("settlement_late", seconds=10 * DAY))
    paid = charge(client, customer, method)

    client.v1.refunds.create({"payment_intent": paid.id})

    sim.advance(seconds=12 * DAY)
    moved = [row["amount"] for row in sim.objects("balance_transaction") if row["type"] != "payout"]
    assert moved == [4900, -4900]
