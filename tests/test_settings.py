from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing_pipeline import settings as module
from billing_pipeline.domain.errors import Broken
from billing_pipeline.settings import OPTIONS, Settings
from billing_pipeline.stripe_keys import Mode, malformed_key, mode_of

TEST_KEY = {"STRIPE_SECRET_KEY": "sk_test_abc123"}
LIVE_KEY = {"STRIPE_SECRET_KEY": "sk_live_abc123", "BILLING_LIVE": "1", "BILLING_DATABASE_URL": "postgresql://db/x"}

REFUSALS = {
    "a malformed key": ({"STRIPE_SECRET_KEY": "hello"}, "STRIPE_SECRET_KEY is malformed"),
    "a key with a space": ({"STRIPE_SECRET_KEY": "sk_test_ab cd"}, "STRIPE_SECRET_KEY is malformed"),
    "a publishable key as the secret one": ({"STRIPE_SECRET_KEY": "pk_test_abc"}, "holds a publishable key"),
    "a live key alone": ({"STRIPE_SECRET_KEY": "sk_live_abc"}, "set BILLING_LIVE=1 if you mean it"),
    "a restricted live key alone": ({"STRIPE_SECRET_KEY": "rk_live_abc"}, "set BILLING_LIVE=1 if you mean it"),
    "live with a test key": (TEST_KEY | {"BILLING_LIVE": "1"}, "BILLING_LIVE=1 without a live key"),
    "live without a key": ({"BILLING_LIVE": "1"}, "BILLING_LIVE=1 without a live key"),
    "live on the demo's database": (LIVE_KEY | {"BILLING_DATABASE_URL": ""}, "a live key on the demo's database"),
    "live to another address": (LIVE_KEY | {"STRIPE_API_BASE": "http://127.0.0.1:1"}, "would send the key elsewhere"),
    "live with links in the clear": (LIVE_KEY | {"BILLING_PUBLIC_URL": "http://pay.example.com"}, "use https"),
    "a malformed reader key": (TEST_KEY | {"STRIPE_READER_KEY": "reader"}, "STRIPE_READER_KEY is malformed"),
    "a reader key of another mode": (TEST_KEY | {"STRIPE_READER_KEY": "rk_live_a"}, "are of different modes"),
    "a page key of another mode": (LIVE_KEY | {"STRIPE_PUBLISHABLE_KEY": "pk_test_a"}, "are of different modes"),
    "a live page key alone": ({"STRIPE_PUBLISHABLE_KEY": "pk_live_a"}, "STRIPE_SECRET_KEY is not set"),
    "a malformed page key": ({"STRIPE_PUBLISHABLE_KEY": "sk_test_a"}, "STRIPE_PUBLISHABLE_KEY is malformed"),
    "a malformed webhook secret": ({"STRIPE_WEBHOOK_SECRET": "whsec_a,nope"}, "STRIPE_WEBHOOK_SECRET is malformed"),
    "another kind of database": ({"BILLING_DATABASE_URL": "mysql://db/x"}, "BILLING_DATABASE_URL is no PostgreSQL"),
    "a mail server without a scheme": ({"BILLING_SMTP_URL": "mail.example.com"}, "BILLING_SMTP_URL is no address"),
    "an address with a bad port": ({"STRIPE_API_BASE": "http://x:99999"}, "STRIPE_API_BASE is no address"),
    "a short link secret": ({"BILLING_LINK_SECRET": "short"}, "BILLING_LINK_SECRET is too short"),
    "a hook without its secret": ({"BILLING_DUNNING_HOOK_URL": "https://x.example"}, "BILLING_DUNNING_HOOK_SECRET"),
    "an unknown zone": ({"BILLING_ZONE": "Mars/Olympus"}, "BILLING_ZONE: no such time zone"),
    "a number that is none": ({"BILLING_POLL_SECONDS": "often"}, "BILLING_POLL_SECONDS: "),
    "a rate of nothing": ({"BILLING_RATE_OPERATION_PER_SECOND": "0"}, "BILLING_RATE_OPERATION_PER_SECOND: "),
    "a date that is none": ({"BILLING_COLLECT_FROM": "in March"}, "BILLING_COLLECT_FROM: "),
}


@pytest.mark.parametrize(("environ", "complaint"), REFUSALS.values(), ids=REFUSALS.keys())
def test_what_is_wrong_is_refused_in_one_line_that_names_the_variable(environ, complaint):
    with pytest.raises(Broken) as refused:
        Settings.load(environ)

    said = str(refused.value)
    assert complaint in said
    assert "\n" not in said
    assert not any(value in said for value in environ.values() if value.startswith(("sk_", "rk_", "whsec_")))


def test_every_rule_has_an_example_that_breaks_it():
    broken = set()
    for environ, _ in REFUSALS.values():
        given = {name: value for name, value in environ.items() if value}
        try:
            settings = Settings.model_validate(given)
        except ValueError:
            continue
        broken |= {rule.__name__ for rule in module.REFUSED if rule(settings)}

    assert broken == {rule.__name__ for rule in module.REFUSED}


def test_with_nothing_set_the_simulator_answers_on_an_embedded_database():
    settings = Settings.load({})

    assert settings.mode is Mode.SIMULATOR
    assert settings.embedded_database
    assert (settings.home, settings.zone, settings.poll_seconds) == (Path(".billing"), "UTC", 300)
    assert settings.secret_key == ""


def test_an_empty_variable_counts_as_not_set():
    assert Settings.load({"STRIPE_SECRET_KEY": "  ", "BILLING_ZONE": ""}) == Settings.load({})


def test_text_from_the_environment_becomes_the_type_it_means():
    settings = Settings.load(
        TEST_KEY
        | {"BILLING_COLLECT_FROM": "2026-03-01", "BILLING_HOME": "/var/billing", "BILLING_POLL_SECONDS": " 60 "}
    )

    assert settings.collect_from == date(2026, 3, 1)
    assert (settings.home, settings.poll_seconds) == (Path("/var/billing"), 60)
    assert settings.mode is Mode.SANDBOX


def test_a_live_key_that_is_meant_is_taken():
    settings = Settings.load(LIVE_KEY | {"BILLING_PUBLIC_URL": "https://pay.example.com"})

    assert settings.mode is Mode.LIVE


def test_a_live_key_may_use_an_embedded_database_of_its_own():
    settings = Settings.load(LIVE_KEY | {"BILLING_DATABASE_URL": "", "BILLING_HOME": "/srv/billing-live"})

    assert settings.embedded_database


def test_several_webhook_secrets_are_taken_while_one_is_rolled():
    settings = Settings.load({"STRIPE_WEBHOOK_SECRET": "whsec_new, whsec_old,"})

    assert settings.webhook_secrets == ("whsec_new", "whsec_old")


@pytest.mark.parametrize(
    ("environ", "rate"),
    [({}, 25), (TEST_KEY, 25), (LIVE_KEY, 100), (LIVE_KEY | {"BILLING_RATE_GLOBAL_PER_SECOND": "40"}, 40)],
)
def test_the_rate_follows_stripe_unless_one_is_set(environ, rate):
    assert Settings.load(environ).rate_per_second == rate


def test_settings_cannot_be_changed_after_they_were_checked():
    settings = Settings.load({})

    with pytest.raises(ValueError, match="frozen"):
        settings.live = True


def test_only_what_is_passed_is_read(monkeypatch):
    monkeypatch.setenv("BILLING_ZONE", "Europe/Berlin")

    assert Settings.load({}).zone == "UTC"
    assert Settings.load().zone == "Europe/Berlin"


def test_every_option_is_documented():
    undocumented = [field.alias for field in Settings.model_fields.values() if len(field.description or "") < 20]

    assert undocumented == []
    assert len(OPTIONS) == len(set(OPTIONS)) == len(Settings.model_fields)


@given(
    st.sampled_from(["sk", "rk"]),
    st.sampled_from(["test", "live"]),
    st.from_regex(r"[A-Za-z0-9_]{1,40}", fullmatch=True),
)
def test_a_key_of_stripes_form_is_known_with_its_mode(kind, mode, rest):
    key = f"{kind}_{mode}_{rest}"

    assert malformed_key(key) is None
    assert mode_of(key) is (Mode.LIVE if mode == "live" else Mode.SANDBOX)


@given(st.text(max_size=60))
def test_no_key_whatever_it_holds_is_repeated_in_a_complaint(text):
    complaint = malformed_key(f"secret{text}")

    assert complaint == malformed_key("other")
