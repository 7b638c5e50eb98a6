"""Telling other systems: a signed POST, verified by them the way Stripe's webhooks are verified.

Header `Billing-Signature: t=<unix seconds>,v1=<HMAC-SHA256 of "<t>.<body>" under the shared secret, hex>`.
"""

import hashlib
import hmac
import json
from datetime import datetime
from typing import Final

import requests

from billing_pipeline.flows.ports.dunning import Delivery, Hook, Outcome

TIMEOUT_SECONDS: Final = 10  # who needs longer should store first and work later
SIGNATURE: Final = "Billing-Signature"


class OutgoingWebhook:
    """Posts hooks to one address. The receiver knows a repetition by the hook's id."""

    def __init__(self, url: str, secret: str, *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._url, self._secret, self._timeout_seconds = url, secret, timeout_seconds

    def post(self, hook: Hook, now: datetime) -> Delivery:
        """Sent on any 2xx; deferred on everything else: the other side may be mended."""
        body = body_of(hook)
        headers = {"Content-Type": "application/json", SIGNATURE: signature(self._secret, body, now)}
        try:
            answer = requests.post(
                self._url, data=body, headers=headers, timeout=self._timeout_seconds, allow_redirects=False
            )
        except requests.RequestException as error:
            return Delivery(Outcome.DEFERRED, type(error).__name__)
        outcome = Outcome.SENT if answer.ok and answer.status_code < 300 else Outcome.DEFERRED
        return Delivery(outcome, f"{answer.status_code}")


def body_of(hook: Hook) -> bytes:
    """The hook as JSON, always the same bytes."""
    event = {"id": hook.hook_id, "type": hook.type, "made_at": hook.made_at.isoformat(), "account_id": hook.account}
    return json.dumps(event | {"data": dict(hook.payload)}, separators=(",", ":"), sort_keys=True).encode()


def signature(secret: str, body: bytes, now: datetime) -> str:
    """The header's value for that body at that time."""
    at = int(now.timestamp())
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"
