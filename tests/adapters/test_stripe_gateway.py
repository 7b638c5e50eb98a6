"""The gateway on the official SDK: one try of its own, one key per intention, nothing sent inside a transaction."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import pytest
import stripe
from requests.structures import CaseInsensitiveDict

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.rate_limit import NoLimit
from billing_pipeline.adapters.stripe_gateway import API_VERSION, PAUSES_SECONDS_MAX, StripeGateway, operation_of
from billing_pipeline.domain.errors import Broken, Refused, TryLater, Unknown
from billing_pipeline.domain.ids import IdempotencyKey
from billing_pipeline.domain.requests import post
from stripe_simulator import Fault, Simulator

KEY = IdempotencyKey("test:1")
NEW_CUSTOMER = post("/v1/customers", {"email": "a@example.com"})


class Canned(stripe.HTTPClient):
    """An HTTP client that answers the same to every call and keeps what it was asked."""

    name = "canned"

    def __init__(self, body: str, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self.body, self.status, self.headers = body, status, CaseInsensitiveDict(headers or {})
        self.asked: list[tuple[str, str, Mapping[str, str]]] = []

    def request(self, method: str, url: str, headers: Any, post_data: Any = None, **_: Any) -> Any:
        self.asked.append((method, url, headers))
        return self.body, self.status, self.headers

    def close(self) -> None:
        return None


def test_the_version_is_the_one_that_the_sdk_was_generated_for() -> None:
    assert stripe.api_version == API_VERSION


def test_telemetry_is_off() -> None:
    assert stripe.enable_telemetry is False


def test_a_request_goes_out_once_with_its_key_and_the_pinned_version() -> None:
    wire = Canned(
        '{"id": "cus_1", "object": "customer"}', headers={"Request-Id": "req_9", "Idempotent-Replayed": "true"}
    )

    reply = StripeGateway("sk_test_1", http_client=wire).send(NEW_CUSTOMER, KEY)

    ((method, url, headers),) = wire.asked
    assert (method, url) == ("post", "https://api.stripe.com/v1/customers")
    assert (headers["Idempotency-Key"], headers["Stripe-Version"]) == (KEY, API_VERSION)
    assert (reply.body["id"], reply.request_id, reply.replayed) == ("cus_1", "req_9", True)


def test_the_sdk_never_retries_by_itself_even_when_stripe_says_it_should() -> None:
    wire = Canned('{"error": {"type": "api_error"}}', 500, {"Stripe-Should-Retry": "true"})

    with pytest.raises(Unknown):
        StripeGateway("sk_test_1", http_client=wire).send(NEW_CUSTOMER, KEY)

    assert len(wire.asked) == 1


def test_another_address_takes_every_call() -> None:
    wire = Canned("{}")

    StripeGateway("sk_test_1", address="http://127.0.0.1:9", http_client=wire).read("/v1/account")

    assert wire.asked[0][1] == "http://127.0.0.1:9/v1/account"


def test_a_limit_is_waited_out_longer_each_time_and_given_up_in_time() -> None:
    wire, pauses = Canned('{"error": {"type": "invalid_request_error", "code": "rate_limit"}}', 429), list[float]()

    with pytest.raises(TryLater):
        StripeGateway("sk_test_1", http_client=wire, pause=pauses.append).send(NEW_CUSTOMER, KEY)

    assert pauses[0] < 0.3
    assert max(pauses) <= 8
    assert PAUSES_SECONDS_MAX - 8 < sum(pauses) <= PAUSES_SECONDS_MAX
    assert {headers["Idempotency-Key"] for _, _, headers in wire.asked} == {KEY}


def test_every_wait_for_a_limit_is_told_ours_and_stripes_but_no_wait_for_a_lost_reply() -> None:
    class Pace(NoLimit):
        def wait(self, operation: str) -> float:
            return 0.5

    slow_down = Canned('{"error": {"type": "invalid_request_error", "code": "rate_limit"}}', 429)
    broken, told = Canned("{", 200), {"limited": list[float](), "lost": list[float](), "paced": list[float]()}
    pauses: list[float] = []

    for name, wire, limiter in (("limited", slow_down, None), ("lost", broken, None), ("paced", Canned("{}"), Pace())):
        gateway = StripeGateway("sk_test_1", http_client=wire, limiter=limiter, pause=pauses.append)
        gateway.on_limit = told[name].append
        with suppress(TryLater, Unknown):
            gateway.read("/v1/account")

    assert told["limited"] == pauses[: len(told["limited"])] != []
    assert (told["lost"], told["paced"]) == ([], [0.5])


def test_nothing_is_sent_while_a_transaction_is_open(db: Database) -> None:
    wire = Canned("{}")
    gateway = StripeGateway("sk_test_1", http_client=wire, guard=lambda: db.in_transaction)

    with db.transaction(), pytest.raises(Broken, match="transaction is open"):
        gateway.send(NEW_CUSTOMER, KEY)

    assert wire.asked == []


@pytest.mark.parametrize("path", ["/v1/customers/", "/v1/payment_intents//confirm"])
def test_a_path_without_its_id_is_refused_before_the_call(path: str) -> None:
    with pytest.raises(Broken, match="lacks an id"):
        StripeGateway("sk_test_1", http_client=Canned("{}")).read(path)


def test_a_parameter_that_the_sdk_would_swallow_is_refused() -> None:
    with pytest.raises(Broken, match="usage"):
        StripeGateway("sk_test_1", http_client=Canned("{}")).send(
            post("/v1/setup_intents", {"usage": "off_session"}), KEY
        )


def test_a_missing_object_is_none_and_a_missing_permission_is_an_error(simulator: Simulator) -> None:
    gateway = StripeGateway("sk_test_1", http_client=simulator.http_client())

    assert gateway.read("/v1/customers/cus_nobody") is None
    with pytest.raises(Refused):
        StripeGateway("nonsense", http_client=simulator.http_client()).read("/v1/account")


def test_a_lost_reply_to_a_read_is_asked_again(simulator: Simulator) -> None:
    simulator.faults.add(Fault(kind="drop_before", times=2))
    gateway = StripeGateway("sk_test_1", http_client=simulator.http_client(), pause=lambda seconds: None)

    assert gateway.read("/v1/account") is not None


def test_pages_bring_every_object_once_newest_first(simulator: Simulator) -> None:
    client = simulator.client()
    made = [client.v1.customers.create({"email": f"{number}@example.com"}).id for number in range(5)]
    gateway = StripeGateway("sk_test_1", http_client=simulator.http_client())

    pages = list(gateway.pages("/v1/customers", {"limit": 2}))

    assert [len(page.objects) for page in pages] == [2, 2, 1]
    assert [one["id"] for page in pages for one in page.objects] == made[::-1]


def test_an_empty_page_that_promises_more_is_an_error() -> None:
    wire = Canned('{"object": "list", "data": [], "has_more": true}')

    with pytest.raises(TryLater, match="empty page"):
        list(StripeGateway("sk_test_1", http_client=wire).pages("/v1/events"))


@pytest.mark.parametrize(
    ("method", "path", "operation"),
    [
        ("post", "/v1/payment_intents", "post /v1/payment_intents"),
        ("get", "/v1/payment_intents/pi_1", "get /v1/payment_intents/{id}"),
        ("post", "/v1/payment_intents/pi_1/confirm", "post /v1/payment_intents/{id}/confirm"),
        ("get", "/v1/payment_intents/search", "get /v1/payment_intents/search"),
        ("post", "/v1/test_helpers/test_clocks/clock_1/advance", "post /v1/test_helpers/test_clocks/{id}/advance"),
        ("get", "/v1/prices/basic-usd", "get /v1/prices/{id}"),
    ],
)
def test_an_operation_is_named_without_its_ids(method: str, path: str, operation: str) -> None:
    assert operation_of(method, path) == operation


def test_the_key_is_in_no_representation() -> None:
    assert "sk_test_1" not in repr(StripeGateway("sk_test_1", http_client=Canned("{}")))
