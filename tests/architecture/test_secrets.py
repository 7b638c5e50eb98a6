"""No secret reaches a repr, a message or a printed report."""

import re

from pydantic import SecretStr

from billing_pipeline.commands.doctor import options, will_happen
from billing_pipeline.settings import Settings

SECRET = "topsecret0123456789topsecret0123456789"
SECRET_NAME = re.compile(r"SECRET|_KEY$|DATABASE_URL|SMTP_URL")
PUBLIC = {"STRIPE_PUBLISHABLE_KEY"}
EVERY_SECRET = {
    "STRIPE_SECRET_KEY": f"sk_test_{SECRET}",
    "STRIPE_READER_KEY": f"rk_test_{SECRET}",
    "STRIPE_WEBHOOK_SECRET": f"whsec_{SECRET},whsec_old{SECRET}",
    "BILLING_DATABASE_URL": f"postgresql://u:{SECRET}@db/x",
    "BILLING_SMTP_URL": f"smtp://u:{SECRET}@mail:587",
    "BILLING_LINK_SECRET": SECRET,
    "BILLING_DUNNING_HOOK_URL": "https://hooks.example.com/dunning",
    "BILLING_DUNNING_HOOK_SECRET": SECRET,
}


def test_everything_that_sounds_secret_is_held_as_one():
    sounds = {f.alias: f.annotation for f in Settings.model_fields.values() if SECRET_NAME.search(str(f.alias))}

    held = {name for name, kind in sounds.items() if kind == SecretStr | None}

    assert held == set(sounds) - PUBLIC
    assert held == set(EVERY_SECRET) - {"BILLING_DUNNING_HOOK_URL"}


def test_no_way_to_print_settings_tells_a_secret():
    settings = Settings.load(EVERY_SECRET)

    printed = [repr(settings), str(settings), f"{settings.model_dump()}", settings.model_dump_json()]

    assert [text for text in printed if "topsecret" in text] == []
    assert settings.secret_key == EVERY_SECRET["STRIPE_SECRET_KEY"]


def test_the_doctor_tells_that_a_secret_is_set_and_not_which():
    settings = Settings.load(EVERY_SECRET)

    said = repr(options(settings)) + repr(will_happen(settings))

    assert "topsecret" not in said
    assert said.count("set (hidden)") == 7
