"""Whether a webhook delivery really comes from Stripe, and when it was signed."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import stripe

from billing_pipeline.domain.errors import Broken

TOLERANCE: Final = timedelta(
    seconds=300
)  # Stripe's own; the SDK looks only backwards, a stamp from the future is as wrong


def signed_at(body: bytes, header: str, secrets: Sequence[str]) -> datetime:
    """When the body was signed with one of the secrets. Raises Broken, saying why, when it was signed with none.

    Each secret is tried: while one is rolled Stripe signs with both, and we may know only one of them yet.
    """
    if not secrets:
        raise Broken("no signing secret is set: set STRIPE_WEBHOOK_SECRET")
    if not any(_matches(body, header, secret) for secret in secrets):
        raise Broken("the signature matches no secret")
    stamp = next(part.partition("=")[2] for part in header.split(",") if part.startswith("t="))
    return datetime.fromtimestamp(int(stamp), UTC)


def is_recent(stamp: datetime, now: datetime) -> bool:
    """Whether the stamp lies within the tolerance around now, before or after."""
    return abs(now - stamp) <= TOLERANCE


def _matches(body: bytes, header: str, secret: str) -> bool:
    try:
        return bool(
            stripe.WebhookSignature.verify_header(body, header, secret)
        )  # without tolerance: our clock judges that
    except (stripe.SignatureVerificationError, UnicodeDecodeError, ValueError, OverflowError):
        return False
