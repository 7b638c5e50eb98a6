"""Errors, sorted by who must act.

BillingError
|- Broken                an engineer or an operator: bad settings, bad input, a promise of the code that did not hold
|  |- Unbalanced         a journal entry whose postings do not sum to zero
|  |- ForbiddenMove      a state was asked to make a move that its table does not know
|  `- ClosedDay          an entry was to be posted into a day that is closed
|- Declined              the customer: the card or bank said no, with its codes
|- TryLater              nobody: the same request with the same key may be sent again
|- Refused               an engineer: Stripe understood the request and will not do it
`- Unknown               reconciliation: nobody can say whether it happened; it is asked for, never guessed
"""

from dataclasses import dataclass


class BillingError(Exception):
    """Whatever this project raises on purpose. str(error) is one line: what is wrong and what to do."""


class Broken(BillingError):
    """Something that only a person can put right. The message names the thing and the remedy."""


class Unbalanced(Broken):
    """An entry whose postings do not sum to zero."""


class ForbiddenMove(Broken):
    """A move that the state machine does not know."""


class ClosedDay(Broken):
    """A posting into a day that has been closed."""


@dataclass(frozen=True, slots=True)
class Codes:
    """What Stripe and the card network said, word for word; empty strings where they said nothing.

    advice and network_advice rule over decline, decline over code (see domain.dunning). param: what the request had wrong.
    """

    code: str = ""
    decline: str = ""
    advice: str = ""
    network_advice: str = ""
    network_decline: str = ""
    message: str = ""
    request_id: str = ""
    param: str = ""


class Declined(BillingError):
    """The customer's bank said no. The intent exists and is named where Stripe told it."""

    def __init__(self, codes: Codes, intent: object | None = None) -> None:
        super().__init__(f"declined: {codes.decline or codes.code or 'unknown'}")
        self.codes, self.intent = codes, intent


class TryLater(BillingError):
    """A limit, a lock or a request still in flight: the same request with the same key, later."""


class Refused(BillingError):
    """Stripe will not do this request as it stands; sending it again changes nothing."""

    def __init__(self, message: str, codes: Codes) -> None:
        super().__init__(message)
        self.codes = codes


class Unknown(BillingError):
    """The outcome is not known. replied: a 5xx came back (never resend), else no reply at all."""

    def __init__(self, message: str, *, replied: bool = False, request_id: str = "") -> None:
        super().__init__(message)
        self.replied, self.request_id = replied, request_id
