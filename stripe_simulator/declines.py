"""Declines: the 402 a caller gets and the `last_payment_error` an object keeps."""

from stripe_simulator.cards import Decline
from stripe_simulator.render import public
from stripe_simulator.wire import Json, Refused


def error_fields(decline: Decline, charge: str | None, method: Json | None) -> Json:
    """What an error says about a decline; the shape of last_payment_error."""
    fields: Json = {"code": decline.code}
    if decline.code == "authentication_required":
        fields["decline_code"] = "authentication_required"
    elif decline.reason:
        fields["decline_code"] = decline.reason
    for name, value in (
        ("advice_code", decline.advice),
        ("network_advice_code", decline.mac),
        ("network_decline_code", decline.network),
        ("charge", charge),
    ):
        if value:
            fields[name] = value
    fields["doc_url"] = f"https://docs.stripe.com/error-codes#{decline.code.replace('_', '-')}"
    fields["message"] = decline.message
    fields["type"] = "card_error"
    if method:
        fields["payment_method"] = public(method)
    return fields


def card_error(
    decline: Decline,
    charge: str | None = None,
    payment_method: Json | None = None,
    **about: Json,
) -> Refused:
    """The 402 to raise. about: the payment_intent or setup_intent it happened to. What was written stays."""
    fields = error_fields(decline, charge, payment_method)
    extra = {k: v for k, v in fields.items() if k not in ("type", "message", "code", "doc_url")}
    extra |= {name: public(row) for name, row in about.items()}
    return Refused(402, decline.message, decline.code, None, "card_error", extra, keeps_effects=bool(about))
