"""Whose key it is: asked once per process, because each answer costs one of the reads that Stripe grants."""

from typing import Any, cast

import pytest

from billing_pipeline.adapters.stripe_gateway import StripeGateway
from billing_pipeline.bootstrap import account_behind
from billing_pipeline.domain.errors import Broken, TryLater
from billing_pipeline.settings import Settings
from tests.flows.event_world import FakeGateway

LOCAL = "http://127.0.0.1:9"


def asked(gateway: FakeGateway, key: str, simulator: str | None = None) -> str:
    settings = Settings.load({"STRIPE_SECRET_KEY": key})
    return account_behind(cast(StripeGateway, gateway), settings, simulator)


def stripe_of(account: str, **values: Any) -> FakeGateway:
    return FakeGateway(objects={"/v1/account": {"id": account}}, **values)


def test_the_account_of_a_key_is_read_once_and_that_of_another_key_anew() -> None:
    ours, theirs = stripe_of("acct_a"), stripe_of("acct_b")

    found = [asked(ours, "sk_test_ours_1"), asked(ours, "sk_test_ours_1"), asked(theirs, "sk_test_theirs_1")]

    assert found == ["acct_a", "acct_a", "acct_b"]
    assert ours.reads == theirs.reads == ["/v1/account"]


def test_the_simulator_is_asked_every_time_as_its_state_may_be_new() -> None:
    first, second = stripe_of("acct_1"), stripe_of("acct_2")

    found = [asked(one, "sk_test_simulated", LOCAL) for one in (first, second)]

    assert found == ["acct_1", "acct_2"]


def test_an_account_that_could_not_be_asked_is_asked_again() -> None:
    stripe = stripe_of("acct_c", away=TryLater("away"))
    with pytest.raises(Broken, match="does not say whose key this is"):
        asked(stripe, "sk_test_away_1")
    stripe.away = None

    assert asked(stripe, "sk_test_away_1") == "acct_c"
