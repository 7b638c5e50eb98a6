"""Whose key it is: asked once per process, because each answer costs one of the reads that Stripe grants."""

from typing import Any, cast

import pytest

from billing_pipeline.adapters.stripe_gateway import StripeGateway
from billing_pipeline.bootstrap import account_behind, shared_account
from billing_pipeline.domain.errors import Broken, TryLater
from billing_pipeline.settings import Settings
from tests.flows.event_world import FakeGateway

LOCAL = "http://127.0.0.1:9"


def asked(gateway: FakeGateway, key: str, simulator: str | None = None) -> str:
    return account_behind(cast(StripeGateway, gateway), key, None, simulator)


def account_of_both(writer: FakeGateway, reader: FakeGateway, settings: Settings) -> str:
    return shared_account(cast(StripeGateway, writer), cast(StripeGateway, reader), settings, None)


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


def test_a_key_that_reads_another_account_is_refused_before_anything_is_read_with_it() -> None:
    settings = Settings.load({"STRIPE_SECRET_KEY": "sk_test_writes_1", "STRIPE_READER_KEY": "rk_test_reads_1"})

    with pytest.raises(
        Broken, match=r"STRIPE_READER_KEY reads account acct_theirs, STRIPE_SECRET_KEY writes to acct_ours"
    ):
        account_of_both(stripe_of("acct_ours"), stripe_of("acct_theirs"), settings)


def test_a_key_that_reads_the_same_account_is_asked_once() -> None:
    settings = Settings.load({"STRIPE_SECRET_KEY": "sk_test_writes_2", "STRIPE_READER_KEY": "rk_test_reads_2"})
    reader = stripe_of("acct_ours")

    found = [account_of_both(stripe_of("acct_ours"), reader, settings) for _ in range(2)]

    assert found == ["acct_ours", "acct_ours"]
    assert reader.reads == ["/v1/account"]


def test_a_reading_key_that_may_not_say_whose_it_is_is_named() -> None:
    settings = Settings.load({"STRIPE_SECRET_KEY": "sk_test_writes_3", "STRIPE_READER_KEY": "rk_test_reads_3"})

    with pytest.raises(Broken, match="STRIPE_READER_KEY"):
        account_of_both(stripe_of("acct_ours"), stripe_of("acct_ours", away=Broken("no permission")), settings)


def test_an_account_that_could_not_be_asked_is_asked_again() -> None:
    stripe = stripe_of("acct_c", away=TryLater("away"))
    with pytest.raises(Broken, match="does not say whose key this is"):
        asked(stripe, "sk_test_away_1")
    stripe.away = None

    assert asked(stripe, "sk_test_away_1") == "acct_c"
