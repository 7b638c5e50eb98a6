"""What cannot be charged is recorded with Stripe's request id and a remedy, and charges nobody later by surprise."""

from collections.abc import Callable
from typing import Any

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.tables import catalog
from billing_pipeline.domain.errors import Broken
from stripe_simulator import Simulator
from tests.collecting import Desk, customer, give_card, invoice, open_desk
from tests.seeds import fetch


@pytest.fixture
def desk(db: Database, simulator: Simulator) -> Desk:
    return open_desk(db, simulator)


def detach(desk: Desk) -> None:
    desk.sim.client().v1.payment_methods.detach(give_card(desk, "acme", owner(desk), "pm_card_mastercard"))


def delete_customer(desk: Desk) -> None:
    desk.sim.drift.delete_customer(owner(desk))


def owner(desk: Desk) -> str:
    return str(desk.sim.objects("customer")[0]["id"])


def nothing(desk: Desk) -> None:
    """Only the invoice is bad."""


@pytest.mark.parametrize(
    ("values", "damage", "code", "advice"),
    [
        ({"currency": "zzz"}, nothing, "", "correct the account's currency"),
        ({"total_minor": 10}, nothing, "amount_too_small", "carry it over to the next invoice"),
        ({"total_minor": 100_000_000_000}, nothing, "amount_too_large", "split the invoice"),
        ({"total_minor": 5_121, "currency": "kwd"}, nothing, "", "no whole multiple that Stripe accepts"),
        ({}, detach, "payment_method_unexpected_state", "send the customer the payment link"),
        ({}, delete_customer, "resource_missing", "no longer exists in Stripe"),
    ],
)
def test_a_request_that_stripe_refuses_is_recorded_with_its_id_and_a_remedy(
    desk: Desk, values: dict[str, Any], damage: Callable[[Desk], None], code: str, advice: str
) -> None:
    customer(desk)
    damage(desk)
    invoice(desk, **values)

    done, again = desk.collect(), desk.collect()

    (attempt,) = desk.attempts()
    assert (done.refused, attempt["outcome"], again.submitted) == (1, "refused", 0)
    assert attempt["request_id"].startswith("req_")
    assert attempt["codes"]["code"] == code
    assert advice in attempt["remedy"]
    assert desk.facts() == []
    assert desk.charges() == {}


def test_a_customer_deleted_in_stripe_is_noticed_and_flagged(desk: Desk) -> None:
    customer_id = customer(desk)
    invoice(desk)
    invoice(desk, "inv-2")
    desk.sim.drift.delete_customer(customer_id)

    desk.collect()
    again = desk.collect()

    (account,) = fetch(desk.db, catalog.accounts, account_id="acme")
    assert account["customer_deleted_at"] is not None
    assert again.submitted == 0


def test_a_restricted_key_without_the_permission_is_recorded_and_tried_again_once_mended(desk: Desk) -> None:
    customer(desk)
    invoice(desk)
    desk.sim.access.restrict("rk_test_reader", "read")
    reader = type(desk.gateway)("rk_test_reader", http_client=desk.sim.http_client())

    done = Desk(desk.db, desk.sim, desk.store, reader).collect()
    desk.pass_time(hours=2)
    mended = desk.collect()

    first = desk.attempts()[0]
    assert (done.refused, mended.succeeded) == (1, 1)
    assert (first["codes"]["code"], first["request_id"][:4]) == ("permission_denied", "req_")
    assert "permission" in first["remedy"]


def test_a_refused_key_stops_the_run_with_one_line_and_heals_by_itself(desk: Desk) -> None:
    customer(desk)
    invoice(desk)
    good = desk.gateway
    bad = type(good)("nonsense", http_client=desk.sim.http_client())

    with pytest.raises(Broken, match="STRIPE_SECRET_KEY"):
        Desk(desk.db, desk.sim, desk.store, bad).collect()
    desk.pass_time(hours=2)
    done = desk.collect()

    assert done.succeeded == 1
    assert [row["outcome"] for row in desk.attempts()] == ["refused", "succeeded"]
