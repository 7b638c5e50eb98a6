"""What a Stripe key says about itself: its kind and its mode. Pure; never repeats a key in what it returns."""

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

SECRET_KEY: Final = re.compile(r"(sk|rk)_(test|live)_[A-Za-z0-9_]+")
PUBLISHABLE_KEY: Final = re.compile(r"pk_(test|live)_[A-Za-z0-9_]+")


class Mode(StrEnum):
    """Who answers our calls to Stripe, and whether the money is real."""

    SIMULATOR = "simulator"
    SANDBOX = "sandbox"
    LIVE = "live"


def mode_of(secret_key: str) -> Mode:
    """Who answers with that key; no key means the simulator."""
    if not secret_key:
        return Mode.SIMULATOR
    return Mode.LIVE if "_live_" in secret_key else Mode.SANDBOX


def malformed_key(secret_key: str) -> str | None:
    """What is wrong with the secret key, or None."""
    if secret_key.startswith("pk_"):
        return "STRIPE_SECRET_KEY holds a publishable key (pk_): use the secret key (sk_) of the same page"
    if secret_key and not SECRET_KEY.fullmatch(secret_key):
        return "STRIPE_SECRET_KEY is malformed: it looks like sk_test_..., sk_live_..., rk_test_... or rk_live_..."
    return None


def malformed_companions(reader_key: str, publishable_key: str, webhook_secrets: Sequence[str]) -> str | None:
    """What is wrong with the keys beside the secret key, or None."""
    if reader_key and not SECRET_KEY.fullmatch(reader_key):
        return "STRIPE_READER_KEY is malformed: it looks like rk_test_... or rk_live_..."
    if publishable_key and not PUBLISHABLE_KEY.fullmatch(publishable_key):
        return "STRIPE_PUBLISHABLE_KEY is malformed: it looks like pk_test_... or pk_live_..."
    if any(not secret.startswith("whsec_") for secret in webhook_secrets):
        return "STRIPE_WEBHOOK_SECRET is malformed: every secret in it begins with whsec_, commas between them"
    return None


def modes_mixed(secret_key: str, reader_key: str, publishable_key: str) -> str | None:
    """Which key is of another mode than the secret key, or None."""
    for name, key in (("STRIPE_READER_KEY", reader_key), ("STRIPE_PUBLISHABLE_KEY", publishable_key)):
        if key and not secret_key and mode_of(key) is Mode.LIVE:
            return f"{name} is a live key and STRIPE_SECRET_KEY is not set: set both or neither"
        if key and secret_key and mode_of(key) is not mode_of(secret_key):
            return f"{name} and STRIPE_SECRET_KEY are of different modes: use two test keys or two live keys"
    return None
