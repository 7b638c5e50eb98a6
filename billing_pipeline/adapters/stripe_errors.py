"""Stripe's errors in our words. One function, so that a new class of the SDK is found by one test."""

from collections.abc import Mapping
from typing import Any, Final

import stripe

from billing_pipeline.domain.errors import BillingError, Broken, Codes, Declined, Refused, TryLater, Unknown

CONFLICT: Final = 409  # another request holds the key or the object: this one was not begun
SERVER_ERROR: Final = 500
OUR_WORDS: Final = {stripe.PermissionError: "permission_denied", stripe.AuthenticationError: "authentication"}
"""Codes for errors to which Stripe gives none."""


def translated(error: stripe.StripeError) -> BillingError:
    """What the error means for us, sorted by who must act.

    A card says no: Declined. A limit, a lock, a request in flight: TryLater. A 5xx, or a key used for another request:
    Unknown that was replied to, so it is never resent. No reply or half a reply: Unknown that may be resent.
    """
    codes = codes_of(error)
    match error:
        case stripe.CardError():
            return Declined(codes, _wire_error(error).get("payment_intent"))
        case stripe.RateLimitError():
            return TryLater(f"Stripe asks to slow down: {codes.message}")
        case stripe.IdempotencyError():
            return Unknown(
                f"the key was used for another request: {codes.message}", replied=True, request_id=codes.request_id
            )
        case stripe.PermissionError():
            return Refused(f"the Stripe key lacks a permission: {codes.message}", codes)
        case stripe.AuthenticationError():
            return Refused("Stripe refuses the key: check STRIPE_SECRET_KEY", codes)
        case stripe.InvalidRequestError():
            return TryLater("locked") if codes.code == "lock_timeout" else Refused(codes.message, codes)
        case stripe.APIConnectionError():
            return Unknown(f"no reply: {codes.message.splitlines()[0] if codes.message else 'connection lost'}")
        case stripe.APIError():
            return _server_said(error, codes)
        case _:
            return Broken(f"unexpected {type(error).__name__} from the Stripe SDK: {codes.message}")


def codes_of(error: stripe.StripeError) -> Codes:
    """Every code that Stripe and the network gave, with the request id."""
    wire = _wire_error(error)
    code = wire.get("code") or error.code or OUR_WORDS.get(type(error), "")
    return Codes(
        code=str(code),
        decline=str(wire.get("decline_code") or ""),
        advice=str(wire.get("advice_code") or ""),
        network_advice=str(wire.get("network_advice_code") or ""),
        network_decline=str(wire.get("network_decline_code") or ""),
        message=str(wire.get("message") or error.user_message or ""),
        request_id=error.request_id or "",
        param=str(wire.get("param") or ""),
    )


def _server_said(error: stripe.APIError, codes: Codes) -> BillingError:
    """The three kinds of APIError: a conflict, a server error, and a body that was cut on the way."""
    status = error.http_status or 0
    if status == CONFLICT:
        return TryLater(f"in flight: {codes.message}")
    if status >= SERVER_ERROR:
        return Unknown(f"Stripe answered {status}", replied=True, request_id=codes.request_id)
    return Unknown(f"the reply (status {status}) could not be read", request_id=codes.request_id)


def _wire_error(error: stripe.StripeError) -> Mapping[str, Any]:
    """The error object as it came, or nothing; an unreadable body leaves something else in json_body."""
    body = error.json_body
    wire = body.get("error") if isinstance(body, dict) else None
    return wire if isinstance(wire, dict) else {}
