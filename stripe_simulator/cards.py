"""Stripe's test payment methods and what they do, and the table of declines.

Besides Stripe's own tokens there is `pm_sim_<decline_code>`: a card that attaches and then declines with that code.
"""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Outcome: TypeAlias = Literal["ok", "decline", "authenticate", "dispute", "inquiry", "fail_refund", "pend_refund"]


@dataclass(frozen=True, slots=True)
class Decline:
    """What a declined charge says. code: error.code; reason: decline_code; network: the issuer's two characters."""

    code: str
    reason: str | None
    message: str
    network: str | None = "05"
    advice: str | None = "try_again_later"
    mac: str | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """A test card. attaches: whether it can be saved on a customer. setup: "ask" when saving needs authentication."""

    number: str
    brand: str = "visa"
    outcome: Outcome = "ok"
    decline: str = ""
    attaches: bool = True
    funding: str = "credit"
    country: str = "US"
    authenticate: Literal["never", "always", "once"] = "never"

    @property
    def last4(self) -> str:
        """The last four digits."""
        return self.number[-4:]


def _declines() -> dict[str, Decline]:
    soft, never, confirm = "try_again_later", "do_not_try_again", "confirm_card_data"
    card = "Your card was declined."
    rows = [
        Decline("card_declined", "generic_decline", card, "05", soft, "02"),
        Decline("card_declined", "insufficient_funds", "Your card has insufficient funds.", "51", soft, "02"),
        Decline("card_declined", "lost_card", card, "41", never, "03"),
        Decline("card_declined", "stolen_card", card, "43", never, "03"),
        Decline("card_declined", "fraudulent", card, "59", never, "03"),
        Decline("expired_card", "expired_card", "Your card has expired.", "54", confirm, "01"),
        Decline("incorrect_cvc", "incorrect_cvc", "Your card's security code is incorrect.", "N7", confirm),
        Decline("incorrect_number", "incorrect_number", "Your card number is incorrect.", "14", confirm),
        Decline("processing_error", "processing_error", "An error occurred while processing your card.", "96", soft),
        Decline("card_declined", "card_velocity_exceeded", "Your card was declined for making repeated attempts too "
                "frequently or exceeding its amount limit.", "65", soft, "25"),
        Decline("card_declined", "authentication_required", "Your card was declined. This transaction requires "
                "authentication.", "1A", never),
        Decline("card_declined", "do_not_honor", card, "05", soft, "24"),
        Decline("card_declined", "do_not_try_again", card, "R0", never, "03"),
        Decline("card_declined", "pickup_card", card, "04", never, "03"),
        Decline("card_declined", "restricted_card", card, "62", never),
        Decline("card_declined", "try_again_later", card, "91", soft, "24"),
        Decline("card_declined", "issuer_not_available", card, "91", soft),
        Decline("card_declined", "invalid_account", card, "46", never, "03"),
        Decline("card_declined", "new_account_information_available", card, "14", confirm, "01"),
        Decline("card_declined", "revocation_of_authorization", card, "R1", never, "21"),
        Decline("card_declined", "revocation_of_all_authorizations", card, "R3", never, "21"),
        Decline("card_declined", "stop_payment_order", card, "R0", never, "21"),
        Decline("card_declined", "transaction_not_allowed", card, "57", never, "03"),
        Decline("card_declined", "card_not_supported", "Your card is not supported.", "57", never),
        Decline("card_declined", "currency_not_supported", card, "57", never),
        Decline("card_declined", "withdrawal_count_limit_exceeded", card, "65", soft, "26"),
        Decline("card_declined", "call_issuer", card, "01", soft),
        Decline("card_declined", "reenter_transaction", card, "19", soft),
        Decline("card_declined", "merchant_blacklist", card, None, never),
        Decline("card_declined", "highest_risk_level", card, None, never),
        Decline("card_declined", "security_violation", card, "63", never),
    ]  # fmt: skip
    return {row.reason or row.code: row for row in rows}


DECLINES: Final = _declines()

_DECLINED: Final = {
    "pm_card_visa_chargeDeclined": ("4000000000000002", "generic_decline"),
    "pm_card_chargeDeclined": ("4000000000000002", "generic_decline"),
    "pm_card_visa_chargeDeclinedInsufficientFunds": ("4000000000009995", "insufficient_funds"),
    "pm_card_chargeDeclinedInsufficientFunds": ("4000000000009995", "insufficient_funds"),
    "pm_card_visa_chargeDeclinedLostCard": ("4000000000009987", "lost_card"),
    "pm_card_visa_chargeDeclinedStolenCard": ("4000000000009979", "stolen_card"),
    "pm_card_chargeDeclinedExpiredCard": ("4000000000000069", "expired_card"),
    "pm_card_chargeDeclinedIncorrectCvc": ("4000000000000127", "incorrect_cvc"),
    "pm_card_chargeDeclinedProcessingError": ("4000000000000119", "processing_error"),
    "pm_card_chargeDeclinedFraudulent": ("4100000000000019", "fraudulent"),
    "pm_card_visa_chargeDeclinedVelocityLimitExceeded": ("4000000000006975", "card_velocity_exceeded"),
}

CARDS: Final[dict[str, Card]] = {
    "pm_card_visa": Card("4242424242424242"),
    "pm_card_visa_debit": Card("4000056655665556", funding="debit"),
    "pm_card_mastercard": Card("5555555555554444", "mastercard"),
    "pm_card_mastercard_debit": Card("5200828282828210", "mastercard", funding="debit"),
    "pm_card_mastercard_prepaid": Card("5105105105105100", "mastercard", funding="prepaid"),
    "pm_card_amex": Card("378282246310005", "amex"),
    "pm_card_discover": Card("6011111111111117", "discover"),
    "pm_card_diners": Card("3056930009020004", "diners"),
    "pm_card_jcb": Card("3566002020360505", "jcb"),
    "pm_card_unionpay": Card("6200000000000005", "unionpay"),
    "pm_card_de": Card("4000002760000016", country="DE"),
    "pm_card_gb": Card("4000008260000000", country="GB"),
    "pm_card_jp": Card("4000003920000003", country="JP"),
    "pm_card_chargeCustomerFail": Card("4000000000000341", outcome="decline", decline="generic_decline"),
    "pm_card_authenticationRequired": Card("4000002760003184", authenticate="always", country="DE"),
    "pm_card_authenticationRequiredOnSetup": Card("4000002500003155", authenticate="once", country="IE"),
    "pm_card_authenticationRequiredSetupForOffSession": Card("4000002500003155", authenticate="once", country="IE"),
    "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds": Card(
        "4000008260003178", outcome="decline", decline="insufficient_funds", authenticate="once", country="GB"
    ),
    "pm_card_threeDSecure2Required": Card("4000000000003220", authenticate="always"),
    "pm_card_createDispute": Card("4000000000000259", outcome="dispute"),
    "pm_card_createDisputeProductNotReceived": Card("4000000000002685", outcome="dispute"),
    "pm_card_createDisputeInquiry": Card("4000000000001976", outcome="inquiry"),
    "pm_card_refundFail": Card("4000000000005126", outcome="fail_refund"),
    "pm_card_pendingRefund": Card("4000000000007726", outcome="pend_refund"),
} | {t: Card(n, outcome="decline", decline=d, attaches=False) for t, (n, d) in _DECLINED.items()}  # fmt: skip

BY_NUMBER: Final = {card.number: token for token, card in reversed(CARDS.items())}

# docs.stripe.com/payments/ach-direct-debit and /payments/sepa-debit, "Test your integration"
BANKS: Final[dict[str, tuple[str, str, str]]] = {  # token: type, account number, how the debit ends
    "pm_usBankAccount": ("us_bank_account", "000123456789", ""),
    "pm_usBankAccount_success": ("us_bank_account", "000123456789", ""),
    "pm_usBankAccount_accountClosed": ("us_bank_account", "000111111113", "account_closed"),
    "pm_usBankAccount_noAccount": ("us_bank_account", "000111111116", "no_account"),
    "pm_usBankAccount_insufficientFunds": ("us_bank_account", "000222222227", "insufficient_funds"),
    "pm_usBankAccount_debitNotAuthorized": ("us_bank_account", "000333333335", "debit_not_authorized"),
    "pm_usBankAccount_dispute": ("us_bank_account", "000555555559", "dispute"),
    "pm_usBankAccount_processing": ("us_bank_account", "000000000009", "never"),
    "pm_sepaDebit": ("sepa_debit", "AT611904300234573201", ""),
    "pm_sepaDebit_failed": ("sepa_debit", "AT861904300235473202", "insufficient_funds"),
    "pm_sepaDebit_dispute": ("sepa_debit", "AT591904300235473203", "dispute"),
}
BANK_DAYS: Final = {"us_bank_account": 4, "sepa_debit": 5}  # until a debit settles or comes back
BY_ACCOUNT: Final = {number: token for token, (_, number, _) in reversed(BANKS.items())}


def card_of(token: str) -> Card | None:
    """The test card behind a token; None when there is none."""
    if token.startswith("tok_"):
        token = "pm_card_" + token.removeprefix("tok_")
    if token.startswith("pm_sim_") and token[7:] in DECLINES:
        return Card("4000000000000341", outcome="decline", decline=token[7:])
    return CARDS.get(token)
