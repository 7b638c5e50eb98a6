"""What a decline means: whether this card may ever be tried again, when, and whether the customer must act.

The word that rules is the most specific one: Stripe's advice, the network's advice (Mastercard), Visa's category of the
network's code, Stripe's decline code, and last the plain code. Codes are open sets: one that is not listed is soft.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from billing_pipeline.domain.errors import Codes

AUTHENTICATION_REQUIRED: Final = "authentication_required"
NO_PAYMENT_METHOD: Final = "no_payment_method"  # our own code: there was nothing to charge
BUDGET_SPENT: Final = "card_budget_spent"  # our own code: the card networks' limit of tries is reached


class DeclineClass(StrEnum):
    """Who can do something about a decline."""

    HARD = "hard"  # nobody: this card never again
    CUSTOMER_FIX = "customer_fix"  # the customer: other data or another card
    AUTHENTICATION = "authentication"  # the customer: confirm on the payment page
    SOFT = "soft"  # time


ADVICE: Final = {
    "do_not_try_again": DeclineClass.HARD,
    "confirm_card_data": DeclineClass.CUSTOMER_FIX,
    "try_again_later": DeclineClass.SOFT,
}
NETWORK_ADVICE: Final = {  # Mastercard's Merchant Advice Codes
    "01": DeclineClass.CUSTOMER_FIX,  # new account information available
    "02": DeclineClass.SOFT,
    "03": DeclineClass.HARD,  # do not try again
    "04": DeclineClass.HARD,  # token requirements not fulfilled: the same request cannot pass
    "21": DeclineClass.HARD,  # the cardholder stopped the agreement
    "22": DeclineClass.HARD,  # merchant does not qualify
    **dict.fromkeys(("24", "25", "26", "27", "28", "29", "30"), DeclineClass.SOFT),
    "40": DeclineClass.HARD,  # non-reloadable prepaid card
    "41": DeclineClass.HARD,  # single-use virtual card
    "42": DeclineClass.HARD,  # sanctions
    "99": DeclineClass.HARD,
}
VISA_NEVER: Final = frozenset(
    "04 07 12 14 15 41 43 46 57 R0 R1 R3".split()
)  # category 1: the issuer will never approve
HARD_DECLINES: Final = frozenset(
    """account_closed bank_ownership_changed card_not_supported currency_not_supported debit_not_authorized
    do_not_try_again fraudulent highest_risk_level incorrect_number invalid_account lost_card merchant_blacklist
    new_account_information_available no_account pickup_card restricted_card revocation_of_all_authorizations
    revocation_of_authorization security_violation stolen_card stop_payment_order transaction_not_allowed
    incorrect_pin invalid_pin offline_pin_required online_or_offline_pin_required pin_try_exceeded""".split()
)
CUSTOMER_DECLINES: Final = frozenset(
    """expired_card incorrect_address incorrect_cvc incorrect_zip invalid_cvc invalid_expiry_month invalid_expiry_year
    invalid_number no_payment_method""".split()
)
RETRY_AFTER: Final = timedelta(
    hours=23
)  # not twice a day on one card; a daily run may start an hour earlier than yesterday
NETWORK_RETRY_AFTER: Final = {
    "02": timedelta(hours=72),  # the common rule of acquirers
    "24": timedelta(hours=1),
    "25": timedelta(hours=24),
    "26": timedelta(days=2),
    "27": timedelta(days=4),
    "28": timedelta(days=6),
    "29": timedelta(days=8),
    "30": timedelta(days=10),
}


@dataclass(frozen=True, slots=True)
class Rule:
    """One word that rules over a retry. said_by: whose word it is. wait: how long at least; None: never by itself."""

    said_by: str
    word: str
    decline_class: DeclineClass
    wait: timedelta | None


def rules() -> list[Rule]:
    """Every word that is known and what it means, those first that rule over the others. What is not listed is soft."""
    told = [("Stripe's advice", word, kind) for word, kind in ADVICE.items()]
    told += [("Mastercard's advice", word, kind) for word, kind in NETWORK_ADVICE.items()]
    told += [("Visa's category", word, DeclineClass.HARD) for word in sorted(VISA_NEVER)]
    told += [("decline code", word, DeclineClass.HARD) for word in sorted(HARD_DECLINES)]
    told += [("decline code", word, DeclineClass.CUSTOMER_FIX) for word in sorted(CUSTOMER_DECLINES)]
    first = Rule("decline code", AUTHENTICATION_REQUIRED, DeclineClass.AUTHENTICATION, None)
    return [first, *(Rule(by, word, kind, _wait_of(by, word, kind)) for by, word, kind in told)]


def decline_class(codes: Codes, brand: str = "") -> DeclineClass:
    """Who can do something about this decline. brand: Visa's categories hold for Visa and unknown cards."""
    if AUTHENTICATION_REQUIRED in (codes.code, codes.decline):
        return DeclineClass.AUTHENTICATION  # whatever the advice: only the customer can pass the challenge
    if codes.advice in ADVICE:
        return ADVICE[codes.advice]
    if codes.network_advice in NETWORK_ADVICE:
        return NETWORK_ADVICE[codes.network_advice]
    if brand in ("", "visa") and codes.network_decline.upper() in VISA_NEVER:
        return DeclineClass.HARD
    return _class_of_word(codes.decline) or _class_of_word(codes.code) or DeclineClass.SOFT


def retry_after(codes: Codes) -> timedelta:
    """How long to wait at least before the same card is tried again, whatever the plan of dunning."""
    return NETWORK_RETRY_AFTER.get(codes.network_advice, RETRY_AFTER)


def earliest_retry(codes: Codes, failed_at: datetime, brand: str = "") -> datetime | None:
    """The first moment at which the same card may be tried again, or None: never by itself."""
    if decline_class(codes, brand) is not DeclineClass.SOFT:
        return None
    return failed_at + retry_after(codes)


def _wait_of(said_by: str, word: str, kind: DeclineClass) -> timedelta | None:
    if kind is not DeclineClass.SOFT:
        return None
    return NETWORK_RETRY_AFTER.get(word, RETRY_AFTER) if said_by == "Mastercard's advice" else RETRY_AFTER


def _class_of_word(word: str) -> DeclineClass | None:
    if word in HARD_DECLINES:
        return DeclineClass.HARD
    return DeclineClass.CUSTOMER_FIX if word in CUSTOMER_DECLINES else None
