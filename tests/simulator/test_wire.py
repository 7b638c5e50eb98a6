"""The wire: keys, errors, parameters, lists, expansion, metadata, search."""

import base64

import orjson
import pytest
import stripe

from stripe_simulator import Simulator
from tests.simulator.stories import charge, payer

AUTH = "docs.stripe.com/api/authentication"
ERRORS = "docs.stripe.com/api/errors"
LISTS = "docs.stripe.com/api/pagination"
EXPAND = "docs.stripe.com/api/expanding_objects"
METADATA = "docs.stripe.com/api/metadata"
ENDIVE = "docs.stripe.com/changelog/endive/2026-09-30"


def _raw(sim: Simulator, form: str = "", path: str = "/v1/customers", method: str = "post") -> tuple[int, dict]:  # type: ignore[type-arg]
    reply = sim.handle(method, path, {"Authorization": "Bearer sk_test_x"}, form)
    return reply.status, orjson.loads(reply.body)


@pytest.mark.behaviour("wire", "Basic and Bearer keys, 401 without, 403 for a publishable one", source=AUTH)
@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("Bearer sk_test_x", 200),
        ("Basic " + base64.b64encode(b"sk_test_x:").decode(), 200),
        ("Bearer rk_test_x", 200),
        ("", 401),
        ("Bearer nonsense", 401),
        ("Bearer sk_live_x", 401),
        ("Basic !!!", 401),
        ("Bearer pk_test_x", 403),
    ],
)
def test_a_key_opens_or_not(sim: Simulator, header: str, status: int) -> None:
    reply = sim.handle("get", "/v1/balance", {"Authorization": header} if header else {})

    assert reply.status == status
    assert reply.headers["Request-Id"].startswith("req_")


def test_a_reading_key_cannot_write(sim: Simulator) -> None:
    sim.access.restrict("rk_test_reader", "read")
    reader = sim.client("rk_test_reader")

    reader.v1.customers.list()
    with pytest.raises(stripe.PermissionError):
        reader.v1.customers.create({})

    assert sim.objects("customer") == []


@pytest.mark.behaviour("wire", "unknown and removed parameters are refused by name", source=ERRORS)
@pytest.mark.parametrize(
    ("form", "code", "param"),
    [
        ("colour=red", "parameter_unknown", "colour"),
        ("address[planet]=mars", "parameter_unknown", "address[planet]"),
        ("balance=ten", "parameter_invalid_integer", "balance"),
        ("metadata=x", "parameter_invalid_hash", "metadata"),
    ],
)
def test_a_bad_parameter_is_named(sim: Simulator, form: str, code: str, param: str) -> None:
    status, body = _raw(sim, form)

    assert (status, body["error"]["code"], body["error"]["param"]) == (400, code, param)
    assert sim.objects("customer") == []


@pytest.mark.behaviour("wire", "payment_method_types is gone from intents", source=ENDIVE)
@pytest.mark.parametrize("path", ["/v1/payment_intents", "/v1/setup_intents"])
def test_payment_method_types_is_refused_on_intents(sim: Simulator, path: str) -> None:
    status, body = _raw(sim, "amount=500&currency=usd&payment_method_types[]=card", path)

    assert (status, body["error"]["code"]) == (400, "payment_method_types_no_longer_supported")


@pytest.mark.behaviour("wire", "a missing parameter is named", source=ERRORS)
def test_a_missing_parameter_is_named(sim: Simulator) -> None:
    status, body = _raw(sim, "currency=usd", "/v1/payment_intents")

    assert (status, body["error"]["code"], body["error"]["param"]) == (400, "parameter_missing", "amount")


@pytest.mark.behaviour("wire", "404 for an unknown id in the path, 400 in a parameter", source=ERRORS)
def test_an_unknown_id_is_404_in_the_path_and_400_in_a_parameter(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as in_path:
        client.v1.customers.retrieve("cus_nobody")
    with pytest.raises(stripe.InvalidRequestError) as in_parameter:
        client.v1.payment_intents.create({"amount": 500, "currency": "usd", "customer": "cus_nobody"})

    assert (in_path.value.http_status, in_path.value.code) == (404, "resource_missing")
    assert (in_parameter.value.http_status, in_parameter.value.param) == (400, "customer")


@pytest.mark.behaviour("payment_intents", "amounts below the minimum are refused", source="docs.stripe.com/currencies")
@pytest.mark.parametrize(
    ("amount", "currency", "good"),
    [(50, "usd", True), (49, "usd", False), (29, "gbp", False), (30, "gbp", True), (501, "isk", False),
     (500, "isk", True), (5_123, "kwd", False), (5_120, "kwd", True), (100_000_000, "usd", False), (500, "xxx", False)],
)  # fmt: skip
def test_an_amount_must_be_one_that_stripe_charges(
    client: stripe.StripeClient, amount: int, currency: str, good: bool
) -> None:
    def create() -> stripe.PaymentIntent:
        return client.v1.payment_intents.create({"amount": amount, "currency": currency})

    if good:
        assert create().amount == amount
    else:
        with pytest.raises(stripe.InvalidRequestError):
            create()


@pytest.mark.behaviour("lists", "newest first, cursors both ways, has_more", source=LISTS)
def test_cursors_walk_both_ways(client: stripe.StripeClient) -> None:
    names = [client.v1.customers.create({}).id for _ in range(25)]

    newest = client.v1.customers.list({"limit": 10})
    older = client.v1.customers.list({"limit": 20, "starting_after": newest.data[-1].id})
    back = client.v1.customers.list({"limit": 3, "ending_before": newest.data[-1].id})

    assert ([c.id for c in newest.data], newest.has_more) == (names[:14:-1], True)
    assert ([c.id for c in older.data], older.has_more) == (names[14::-1], False)
    assert [c.id for c in back.data] == [c.id for c in newest.data[6:9]]


def test_a_page_that_holds_everything_has_no_more(client: stripe.StripeClient) -> None:
    for _ in range(3):
        client.v1.customers.create({})

    assert client.v1.customers.list({"limit": 3}).has_more is False
    assert client.v1.customers.list({"limit": 2}).has_more is True


@pytest.mark.behaviour("lists", "limit 1 to 100, one cursor at a time", source=LISTS)
@pytest.mark.parametrize("query", ["limit=0", "limit=101", "starting_after=cus_x", "starting_after=a&ending_before=b"])
def test_a_bad_page_is_refused(sim: Simulator, query: str) -> None:
    status, _ = _raw(sim, query, method="get")

    assert status == 400


@pytest.mark.behaviour("lists", "created ranges", source=LISTS)
def test_created_ranges_hold_their_ends(sim: Simulator, client: stripe.StripeClient) -> None:
    made = []
    for _ in range(4):
        made.append(client.v1.customers.create({}))
        sim.advance(seconds=10)
    second, third = made[1].created, made[2].created

    closed = client.v1.customers.list({"created": {"gte": second, "lte": third}}).data
    opened = client.v1.customers.list({"created": {"gt": second, "lt": third + 1}}).data

    assert [c.id for c in closed] == [made[2].id, made[1].id]
    assert [c.id for c in opened] == [made[2].id]


@pytest.mark.behaviour("wire", "expand on retrieve and list, four levels", source=EXPAND)
def test_expand_goes_through_lists_and_nested_objects(client: stripe.StripeClient) -> None:
    customer, method = payer(client)
    charge(client, customer, method, capture_method="automatic")

    paths = ["data.latest_charge.balance_transaction", "data.customer"]
    (intent,) = client.v1.payment_intents.list({"expand": paths}).data
    owner = client.v1.customers.retrieve(customer, {"expand": ["invoice_settings.default_payment_method"]})

    assert intent.latest_charge.balance_transaction.object == "balance_transaction"  # type: ignore[union-attr]
    assert intent.customer.id == customer  # type: ignore[union-attr]
    assert owner.invoice_settings.default_payment_method.id == method  # type: ignore[union-attr]


@pytest.mark.behaviour("wire", "what cannot be expanded is refused", source=EXPAND)
@pytest.mark.parametrize("path", ["amount", "nonsense", "a.b.c.d.e", "latest_charge.payment_method"])
def test_an_impossible_expansion_is_refused(sim: Simulator, client: stripe.StripeClient, path: str) -> None:
    customer, method = payer(client)
    intent = charge(client, customer, method)

    with pytest.raises(stripe.InvalidRequestError):
        client.v1.payment_intents.retrieve(intent.id, {"expand": [path]})


@pytest.mark.behaviour("wire", "metadata merges, an empty value unsets", source=METADATA)
def test_metadata_merges_and_unsets(client: stripe.StripeClient) -> None:
    made = client.v1.customers.create({"metadata": {"a": "1", "b": "2"}})

    merged = client.v1.customers.update(made.id, {"metadata": {"b": "", "c": "3"}})
    cleared = client.v1.customers.update(made.id, {"metadata": ""})

    assert (merged.metadata.to_dict(), cleared.metadata.to_dict()) == ({"a": "1", "c": "3"}, {})  # type: ignore[union-attr]


def test_a_search_shows_what_a_list_shows(client: stripe.StripeClient) -> None:
    customer, method = payer(client)
    charge(client, customer, method, metadata={"a": "b"})

    found = client.raw_request("get", "/v1/payment_intents/search", query="metadata['a']:'b'")
    listed = client.raw_request("get", "/v1/payment_intents")

    assert orjson.loads(found.body)["data"] == orjson.loads(listed.body)["data"]


@pytest.mark.behaviour("search", "by metadata, with a lag", source="docs.stripe.com/search")
def test_search_finds_by_metadata_once_the_lag_has_passed(sim: Simulator, client: stripe.StripeClient) -> None:
    sim.world.account.search_lag_seconds = 60
    made = client.v1.customers.create({"metadata": {"account_id": "acme"}})
    query = {"query": "metadata['account_id']:'acme' AND -name:'Bob'"}

    early = client.v1.customers.search(query)  # type: ignore[arg-type]
    sim.advance(seconds=61)
    late = client.v1.customers.search(query)  # type: ignore[arg-type]

    assert ([c.id for c in early.data], [c.id for c in late.data]) == ([], [made.id])


@pytest.mark.behaviour("customers", "deleted: a tombstone remains", source="docs.stripe.com/api/customers/delete")
def test_a_deleted_customer_is_a_tombstone_that_cannot_pay(client: stripe.StripeClient) -> None:
    customer, method = payer(client)

    client.v1.customers.delete(customer)

    assert client.v1.customers.retrieve(customer).deleted is True
    assert client.v1.customers.list().data == []
    with pytest.raises(stripe.InvalidRequestError) as refused:
        charge(client, customer, method)
    assert refused.value.code == "resource_missing"


@pytest.mark.behaviour("payment_methods", "detaching is for ever", source="SDK 16.1 _payment_method.py")
def test_a_detached_card_can_never_be_used_again(client: stripe.StripeClient) -> None:
    customer, method = payer(client)
    client.v1.payment_methods.detach(method)

    with pytest.raises(stripe.InvalidRequestError):
        client.v1.payment_methods.attach(method, {"customer": customer})
    with pytest.raises(stripe.InvalidRequestError) as refused:
        charge(client, customer, method)

    assert refused.value.code == "payment_method_unexpected_state"
    assert client.v1.customers.retrieve(customer).invoice_settings.default_payment_method is None  # type: ignore[union-attr]


def test_the_same_seed_gives_the_same_ids() -> None:
    def story(seed: int) -> list[str]:
        sim = Simulator(seed=seed)
        customer, method = payer(sim.client())
        return [customer, method, charge(sim.client(), customer, method, key="k").id]

    assert story(1) == story(1) != story(2)
