"""Every error class of the SDK has a meaning here, sorted by who must act."""

from collections.abc import Iterator

import pytest
import stripe
import stripe.oauth_error  # the SDK loads names lazily: without this the walk would not find these classes

from billing_pipeline.adapters.stripe_errors import codes_of, translated
from billing_pipeline.domain.errors import BillingError, Broken, Declined, Refused, TryLater, Unknown

CLASSES_AT_LEAST = 29  # in stripe 16.1; a walk that finds fewer has missed some


def descendants(of: type[stripe.StripeError]) -> Iterator[type[stripe.StripeError]]:
    for child in of.__subclasses__():
        yield child
        yield from descendants(child)


def made(kind: type[stripe.StripeError], status: int | None = None, **error: object) -> stripe.StripeError:
    """An error of that class as the SDK makes it from a reply."""
    made_error = kind.__new__(kind)
    body = {"error": error} if error else None
    stripe.StripeError.__init__(made_error, "words", None, status, body, {"request-id": "req_1"})
    return made_error


def test_every_error_class_of_the_sdk_is_translated() -> None:
    classes = list(descendants(stripe.StripeError))

    meanings = {kind.__name__: translated(made(kind)) for kind in classes}

    assert len(classes) >= CLASSES_AT_LEAST
    assert all(isinstance(meaning, BillingError) for meaning in meanings.values())


@pytest.mark.parametrize(
    ("kind", "status", "error", "meaning"),
    [
        (stripe.CardError, 402, {"code": "card_declined", "type": "card_error"}, Declined),
        (stripe.RateLimitError, 429, {"code": "lock_timeout", "type": "invalid_request_error"}, TryLater),
        (stripe.InvalidRequestError, 400, {"code": "lock_timeout", "type": "invalid_request_error"}, TryLater),
        (stripe.InvalidRequestError, 400, {"code": "amount_too_small", "type": "invalid_request_error"}, Refused),
        (stripe.PermissionError, 403, {"message": "lacks charge_write", "type": "invalid_request_error"}, Refused),
        (stripe.AuthenticationError, 401, {"message": "Invalid API Key", "type": "invalid_request_error"}, Refused),
        (stripe.APIError, 409, {"code": "idempotency_key_in_use", "type": "api_error"}, TryLater),
        (stripe.APIError, 500, {"type": "api_error"}, Unknown),
        (stripe.APIConnectionError, None, {}, Unknown),
        (stripe.IdempotencyError, 400, {"type": "idempotency_error"}, Unknown),
        (stripe.SignatureVerificationError, None, {}, Broken),
    ],
)
def test_an_error_goes_to_whoever_can_act(
    kind: type[stripe.StripeError], status: int | None, error: dict[str, object], meaning: type[BillingError]
) -> None:
    assert type(translated(made(kind, status, **error))) is meaning


@pytest.mark.parametrize(
    ("kind", "status", "replied"),
    [
        (stripe.APIError, 503, True),  # stored under the key: a resend would only be told the same again
        (stripe.IdempotencyError, 400, True),
        (stripe.APIError, 200, False),  # a body that was cut: the effect is there, the same key brings the reply
        (stripe.APIConnectionError, None, False),
    ],
)
def test_only_what_got_no_reply_may_be_sent_again(
    kind: type[stripe.StripeError], status: int | None, replied: bool
) -> None:
    unknown = translated(made(kind, status))

    assert isinstance(unknown, Unknown)
    assert unknown.replied is replied


def test_a_decline_keeps_every_code_and_its_intent() -> None:
    error = {
        "type": "card_error",
        "code": "card_declined",
        "decline_code": "insufficient_funds",
        "advice_code": "try_again_later",
        "network_advice_code": "02",
        "network_decline_code": "51",
        "message": "Your card has insufficient funds.",
        "payment_intent": {"id": "pi_1", "object": "payment_intent"},
    }

    declined = translated(made(stripe.CardError, 402, **error))

    assert isinstance(declined, Declined)
    assert declined.intent == {"id": "pi_1", "object": "payment_intent"}
    assert (declined.codes.decline, declined.codes.advice) == ("insufficient_funds", "try_again_later")
    assert (declined.codes.network_advice, declined.codes.network_decline) == ("02", "51")
    assert declined.codes.request_id == "req_1"


def test_a_missing_permission_gets_a_code_of_our_own() -> None:
    assert codes_of(made(stripe.PermissionError, 403)).code == "permission_denied"


def test_a_body_that_is_no_error_object_breaks_nothing() -> None:
    error = made(stripe.APIError, 500)
    error.json_body = "<html>bad gateway</html>"

    assert isinstance(translated(error), Unknown)
