"""Whatever is asked, the answer is Stripe's: never an error of ours, and the books stay in balance.

FUZZ_EXAMPLES=5000 tries so many of each; a suite's run makes do with 40.
"""

import os
from typing import Any

import orjson
import pytest
import stripe
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stripe_simulator import Simulator
from stripe_simulator.faults import KINDS
from stripe_simulator.operations import DRIFTS, OPERATIONS, SETTABLE, perform
from stripe_simulator.routes import Route, all_routes
from tests.simulator.conftest import Judged
from tests.simulator.stories import charge, payer
from tests.simulator.test_subscriptions import price, subscribe
from tests.simulator.wishes import Wishes, class_of, encoded

NOISE = ["a[b]=1&a=2", "a[[]]=1", "[]=1", "&&&", "a[b][c][d][e][f][g][h][i]=1", "%ff=1", "a[]=1&a[x]=2"]
HEADERS = ["Authorization", "Stripe-Version", "Idempotency-Key"]
KEY = {"Authorization": "Bearer sk_test_fuzz"}
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "40"))
SMALL = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
ROUTES = all_routes()
CONTROL_WORDS = [
    "kind", "what", "to", "seconds", "nth", "times", "status", "chance", "path", "reason", "on", "per_account", "id",
    "passed", "charge_id", "intent_id", "customer", "amount", "currency", "delta", "event_type", *SETTABLE,
]  # fmt: skip
CONTROL_VALUES = (
    st.none() | st.booleans() | st.integers(-5, 2**63) | st.floats() | st.text(max_size=9) | st.just([1, "a"])
    | st.sampled_from([*KINDS, *DRIFTS, "2026-02-01", "9999-12-31T23:59:59-12:00", "paid", "cus_x", {}])
)  # fmt: skip
MONEY = ("subscription", "invoice", "intent", "credit_note", "refund")


def _populated(sim: Simulator) -> list[str]:
    """The ids of a small account that has one of most things."""
    client = sim.client()
    customer, method = payer(client)
    paid = [charge(client, customer, method) for _ in range(3)]
    sim.advance(seconds=3 * 86_400)
    client.v1.refunds.create({"payment_intent": paid[0].id, "amount": 100})
    sim.drift.dispute(str(paid[1].latest_charge))
    charge(client, customer, method, capture_method="manual")
    client.v1.payment_intents.create({"amount": 700, "currency": "usd", "customer": customer, "payment_method": method})
    client.v1.setup_intents.create({"customer": customer, "payment_method": method, "confirm": True})
    client.v1.setup_intents.create({"customer": customer})
    client.v1.coupons.create({"percent_off": 10, "id": "FUZZ"})
    client.v1.promotion_codes.create({"promotion": {"type": "coupon", "coupon": "FUZZ"}, "code": "SPRING"})
    monthly = price(client)
    _billed(client, customer, monthly)
    clock = client.v1.test_helpers.test_clocks.create({"frozen_time": sim.clock.seconds})
    timed, _ = payer(client, test_clock=clock.id)
    subscribe(client, timed, monthly, discounts=[{"coupon": "FUZZ"}])
    sim.advance(seconds=5)
    kinds = [k for k in sim.world.store.tables if k[0] != "_" and k != "event"]
    ids = [name for kind in kinds for name in sim.world.store.table(kind).rows]
    ids += [item["id"] for one in sim.objects("subscription") for item in one["items"]["data"]]
    return [*ids, sim.objects("event")[-1]["id"], "pm_card_visa", "pm_sim_insufficient_funds", "pm_usBankAccount"]


def _billed(client: stripe.StripeClient, customer: str, monthly: str) -> None:
    """A subscription of every sort, an open and a draft invoice, a credit note, and what they need."""
    meter: Any = {"display_name": "Calls", "event_name": "calls", "default_aggregation": {"formula": "sum"}}
    counted = client.v1.billing.meters.create(meter)
    usage: Any = {"interval": "month", "usage_type": "metered", "meter": counted.id}
    per_call = price(client, unit_amount=5, recurring=usage)
    subscribe(client, customer, monthly, discounts=[{"coupon": "FUZZ"}])
    subscribe(client, customer, per_call)
    subscribe(client, customer, monthly, trial_period_days=14)
    invoice = client.v1.invoices.create({"customer": customer})
    client.v1.invoice_items.create({"customer": customer, "invoice": invoice.id, "amount": 300, "currency": "usd"})
    client.v1.invoices.finalize_invoice(str(invoice.id))
    client.v1.credit_notes.create({"invoice": str(invoice.id), "amount": 100})
    client.v1.invoices.create({"customer": customer})
    client.v1.invoice_items.create({"customer": customer, "amount": 300, "currency": "usd"})
    client.v1.tax_rates.create({"display_name": "VAT", "percentage": 19, "inclusive": False})
    client.v1.webhook_endpoints.create({"url": "http://receiver.invalid", "enabled_events": ["*"]})


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, list[str]]:
    """A saved account to start every story from, and its ids."""
    stripe.enable_telemetry = False
    sim = Simulator()
    ids = _populated(sim)
    file = str(tmp_path_factory.mktemp("fuzz") / "state.sqlite")
    sim.save(file)
    return file, ids


def _judged(file: str) -> Simulator:
    sim = Simulator.load(file)
    sim.__class__ = Judged
    return sim


def _ask(sim: Simulator, route: Route, wishes: Wishes) -> int:
    path = route.template
    kind = path.split("/")[2].removesuffix("s")
    while "*" in path:
        path = path.replace("*", wishes.name_of(kind), 1)
    form = encoded(wishes.wish(class_of(route.params)))
    return _answered(sim, route.method, path, form)


def _answered(sim: Simulator, method: str, path: str, form: str) -> int:
    reply = sim.handle(method, path, KEY, form)
    body = orjson.loads(reply.body)
    assert reply.status in (200, 400, 402, 403, 404, 409, 413, 429), (method, path, form)
    if reply.status != 200:
        assert body["error"]["type"] in ("invalid_request_error", "card_error", "idempotency_error", "api_error")
        assert body["error"]["message"]
    return reply.status


@SMALL
@given(seed=st.integers(0, 10**9))
def test_a_story_of_wishes_never_breaks_the_simulator(seeded: tuple[str, list[str]], seed: int) -> None:
    file, ids = seeded
    sim, wishes = _judged(file), Wishes(seed, ids)

    for _ in range(15):
        _ask(sim, wishes.luck.choice(ROUTES), wishes)
    sim.advance(seconds=wishes.luck.choice([0, 3_700, 40 * 86_400]))

    balance = orjson.loads(sim.handle("get", "/v1/balance", KEY).body)
    held = sum(b["amount"] for b in [*balance["available"], *balance["pending"]])
    assert held == sum(b["net"] for b in sim.objects("balance_transaction"))


@SMALL
@given(seed=st.integers(0, 10**9))
def test_money_routes_survive_in_any_order(seeded: tuple[str, list[str]], seed: int) -> None:
    file, ids = seeded
    sim, wishes = _judged(file), Wishes(seed, ids)
    money = [r for r in ROUTES if r.method != "get" and any(word in r.template for word in MONEY)]

    statuses = [_ask(sim, wishes.luck.choice(money), wishes) for _ in range(15)]
    sim.advance(seconds=70 * 86_400)

    assert set(statuses) <= {200, 400, 402, 404}
    paid = [i for i in sim.objects("payment_intent") if i["status"] == "succeeded"]
    charges = sim.objects("charge")
    for intent in paid:
        assert sum(c["payment_intent"] == intent["id"] and c["status"] == "succeeded" for c in charges) == 1


@SMALL
@given(
    method=st.sampled_from(["get", "post", "delete", "put"]),
    path=st.text(max_size=40).map(lambda t: "/v1/" + t) | st.sampled_from([r.template for r in ROUTES]),
    form=st.text(max_size=80) | st.sampled_from(NOISE),
)
def test_noise_gets_stripes_error_shape(method: str, path: str, form: str) -> None:
    status = _answered(Simulator(), method, path, form)

    assert status in (200, 400, 404)


@SMALL
@given(headers=st.dictionaries(st.sampled_from(HEADERS), st.text(max_size=300)))
def test_noise_in_headers_gets_stripes_error_shape(headers: dict[str, Any]) -> None:
    reply = Simulator().handle("post", "/v1/customers", headers, "")

    assert reply.status in (200, 400, 401, 403)


@SMALL
@given(
    name=st.sampled_from([name for method, name in OPERATIONS if method == "POST"]),
    asked=st.dictionaries(st.sampled_from(CONTROL_WORDS), CONTROL_VALUES, max_size=5) | CONTROL_VALUES,
)
def test_noise_to_the_control_api_gets_one_line_and_leaves_a_stripe_that_answers(name: str, asked: Any) -> None:
    sim = Judged()

    status, told = perform(sim, "POST", name, asked)

    assert status in (200, 400)
    if status == 400:
        assert "\n" not in told["error"]
    sim.faults.clear()
    sim.limits.switch_off()
    assert sim.handle("get", "/v1/customers", KEY).status == 200
    sim.advance(seconds=60)
