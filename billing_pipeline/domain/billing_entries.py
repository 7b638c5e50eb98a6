"""The journal entries of billing: one function per business fact. Cash has its own module.

Every function returns an entry that balances, or None where there is nothing to book.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from billing_pipeline.domain.credits import GIVEN_AWAY, CreditGrant, CreditKind, CreditUse
from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.ids import AccountId, CreditNoteId, InvoiceId
from billing_pipeline.domain.invoice_drafts import Draft, Line, LineKind
from billing_pipeline.domain.ledger import Entry, LedgerAccount, Posting, postings

AR: Final = LedgerAccount.RECEIVABLE
DEFERRED: Final = LedgerAccount.DEFERRED_REVENUE
CREDITS: Final = LedgerAccount.CUSTOMER_CREDITS
TAX: Final = LedgerAccount.TAX_PAYABLE
CARRY: Final = LedgerAccount.CARRY_OVER

Sides = tuple[LedgerAccount, int, AccountId | None]


@dataclass(frozen=True, slots=True)
class When:
    """occurred_at: when the fact was true. accounting_date: the open day it is booked on."""

    occurred_at: datetime
    accounting_date: date


@dataclass(frozen=True, slots=True)
class Portions:
    """What an amount gives back, in minor units: not yet earned, earned already, and tax."""

    unearned_minor: int
    earned_minor: int
    tax_minor: int = 0

    @property
    def minor(self) -> int:
        """All of it."""
        return self.unearned_minor + self.earned_minor + self.tax_minor


def invoice_issued(draft: Draft, accounting_date: date) -> Entry | None:
    """All that issuing an invoice books, in one entry: receivable, deferred revenue by line, tax, credits, carry-over.

    Its postings to the receivable sum to what is due. None for an invoice of nothing.
    """
    who, settled = draft.account, draft.settlement
    sides: list[Sides] = [(AR, settled.total_minor, who), *map(line_side, draft.lines)]
    sides.append((TAX, -sum([line.tax_minor for line in draft.lines]), None))
    if settled.granted_minor:
        sides.append((CREDITS, -settled.granted_minor, who))
    if settled.previous_balance_minor:
        sides += moved(CARRY, AR, settled.previous_balance_minor, who)
    if settled.credits:
        sides += credit_sides(settled.credits, who)
    if settled.carried_minor:
        sides += moved(AR, CARRY, settled.carried_minor, who)
    if not (booked := tuple([Posting(*side) for side in sides if side[1]])):
        return None
    source, when = f"invoice:{draft.invoice_id}", draft.issued_at
    return Entry(source, "invoice_issued", draft.currency, when, accounting_date, booked, draft.invoice_id, who)


def line_side(line: Line) -> Sides:
    """The deferred revenue of one line; a line that moves a negative total to a credit grant has none."""
    return DEFERRED, 0 if line.kind is LineKind.TO_CREDIT else -line.net_minor, None


def moved(source: LedgerAccount, target: LedgerAccount, minor: int, who: AccountId) -> list[Sides]:
    """An amount moved from one of a customer's accounts to another."""
    return [(target, minor, who), (source, -minor, who)]


def credit_sides(uses: tuple[CreditUse, ...], who: AccountId) -> list[Sides]:
    """What credits pay: bought ones are a debt of ours that ends, given-away ones lower revenue now."""
    given = sum(use.amount_minor for use in uses if use.kind in GIVEN_AWAY)
    bought = sum(use.amount_minor for use in uses) - given
    return [(CREDITS, bought, who), (LedgerAccount.CREDITS_GRANTED, given, None), (AR, -bought - given, who)]


PAID_FROM: Final = {
    CreditKind.PURCHASED: LedgerAccount.BANK,
    CreditKind.REFUND: LedgerAccount.REFUNDS,
    CreditKind.OVERPAYMENT: LedgerAccount.UNAPPLIED_CASH,
    CreditKind.PRORATION: LedgerAccount.DEFERRED_REVENUE,
    CreditKind.OPENING: LedgerAccount.OPENING_BALANCE,
}
"""Where the money of a credit stood before; given-away credits have none."""


def credit_granted(
    grant: CreditGrant, when: When, paid_from: LedgerAccount | None = None, tax_minor: int = 0
) -> Entry | None:
    """A credit that somebody paid for becomes our debt. None for a given-away one: it is booked when it is used.

    paid_from: where the money stood, when it is not where credits of this kind come from. tax_minor: the tax in it, which
    is no longer owed.
    """
    if grant.kind in GIVEN_AWAY:
        return None
    source = paid_from or PAID_FROM[grant.kind]
    booked = postings(
        (source, grant.amount_minor - tax_minor, None), (TAX, tax_minor, None),
        (CREDITS, -grant.amount_minor, grant.account),
    )  # fmt: skip
    return _entry(f"credit:{grant.credit_grant_id}", "credit_granted", grant.currency, when, booked, grant.account)


def credit_expired(grant: CreditGrant, when: When) -> Entry | None:
    """What is left of a paid credit at its end is revenue. None when nothing is left or nobody paid for it."""
    if grant.kind in GIVEN_AWAY or not grant.remaining_minor:
        return None
    left = grant.remaining_minor
    booked = postings((CREDITS, left, grant.account), (LedgerAccount.REVENUE, -left, None))
    source = f"credit_expired:{grant.credit_grant_id}"
    return _entry(source, "credit_expired", grant.currency, when, booked, grant.account)


def credit_returned(use: CreditUse, who: AccountId, currency: Currency, when: When, *, lapsed: bool = False) -> Entry:
    """A credit that paid an invoice which is no longer owed goes back to its grant.

    lapsed: the grant has expired since, so what somebody paid for it is revenue, as the rest of it was.
    """
    minor = use.amount_minor
    to: Sides = (LedgerAccount.REVENUE, -minor, None) if lapsed else (CREDITS, -minor, who)
    if use.kind in GIVEN_AWAY:
        to = (LedgerAccount.CREDITS_GRANTED, -minor, None)
    source = f"credit_returned:{use.credit_grant_id}:{use.invoice}"
    return _entry(source, "credit_returned", currency, when, postings((AR, minor, who), to), who, use.invoice)


# long because a credit note names the invoice it corrects and where its amount goes
def credit_note_issued(
    credit_note: CreditNoteId, invoice: InvoiceId, who: AccountId, currency: Currency, parts: Portions, when: When,
    to_credit_minor: int = 0,
) -> Entry:  # fmt: skip
    """A credit note takes back revenue and tax. It lowers the receivable; to_credit_minor becomes a credit."""
    booked = postings(
        (DEFERRED, parts.unearned_minor, None), (LedgerAccount.REVENUE, parts.earned_minor, None),
        (TAX, parts.tax_minor, None), (AR, to_credit_minor - parts.minor, who), (CREDITS, -to_credit_minor, who),
    )  # fmt: skip
    return _entry(f"credit_note:{credit_note}", "credit_note_issued", currency, when, booked, who, invoice)


def written_off(invoice: InvoiceId, who: AccountId, currency: Currency, parts: Portions, when: When) -> Entry:
    """A receivable is given up: what is unearned is never earned, what was earned is bad debt, tax is relieved."""
    booked = postings(
        (DEFERRED, parts.unearned_minor, None), (LedgerAccount.BAD_DEBT, parts.earned_minor, None),
        (TAX, parts.tax_minor, None), (AR, -parts.minor, who),
    )  # fmt: skip
    return _entry(f"write_off:{invoice}", "written_off", currency, when, booked, who, invoice)


# long because a void names what it reverses and what became of it meanwhile
def invoice_voided(
    invoice: InvoiceId, who: AccountId, currency: Currency, parts: Portions, when: When, *, lost_minor: int = 0,
    kept_minor: int = 0,
) -> Entry:  # fmt: skip
    """An invoice that was never owed leaves the books: its revenue, earned or not, its tax, its receivable.

    parts: what is left of it in the books. lost_minor: its bad debt, where it was given up before. kept_minor: what had been
    paid of it; that money waits to be given back.
    """
    booked = postings(
        (DEFERRED, parts.unearned_minor, None), (LedgerAccount.REVENUE, parts.earned_minor + lost_minor, None),
        (LedgerAccount.BAD_DEBT, -lost_minor, None), (TAX, parts.tax_minor, None), (AR, kept_minor - parts.minor, who),
        (LedgerAccount.UNAPPLIED_CASH, -kept_minor, who),
    )  # fmt: skip
    return _entry(f"void:{invoice}", "invoice_voided", currency, when, booked, who, invoice)


def recovered(invoice: InvoiceId, who: AccountId, currency: Currency, parts: Portions, when: When) -> Entry:
    """A receivable that was given up is owed again, because it is being paid. The payment is booked as any other."""
    booked = postings(
        (AR, parts.minor, who), (LedgerAccount.BAD_DEBT_RECOVERY, -parts.unearned_minor - parts.earned_minor, None),
        (TAX, -parts.tax_minor, None),
    )  # fmt: skip
    return _entry(f"recovery:{invoice}", "recovered", currency, when, booked, who, invoice)


def carry_over_written_off(who: AccountId, currency: Currency, minor: int, when: When) -> Entry:
    """A carry-over that no next invoice came for is given up."""
    booked = postings((LedgerAccount.BAD_DEBT, minor, None), (CARRY, -minor, who))
    source = f"carry_over_write_off:{who}:{currency}:{when.occurred_at:%Y%m%d}"
    return _entry(source, "carry_over_written_off", currency, when, booked, who)


def opening_balance(invoice: InvoiceId, who: AccountId, currency: Currency, minor: int, when: When) -> Entry:
    """An open invoice that was issued before these books began."""
    booked = postings((AR, minor, who), (LedgerAccount.OPENING_BALANCE, -minor, None))
    return _entry(f"opening:{invoice}", "opening_balance", currency, when, booked, who, invoice)


def revenue_recognised(day: date, currency: Currency, minor: int, when: When) -> Entry | None:
    """A day's service is earned; negative where a correction takes back more than the day earned. None for nothing."""
    if not minor:
        return None
    booked = postings((DEFERRED, minor, None), (LedgerAccount.REVENUE, -minor, None))
    return _entry(f"revenue:{day}:{currency}", "revenue_recognised", currency, when, booked, None)


# long because it takes every field of an entry that differs between facts
def _entry(
    source: str, kind: str, currency: Currency, when: When, booked: tuple[Posting, ...], who: AccountId | None,
    invoice: InvoiceId | None = None,
) -> Entry:  # fmt: skip
    """The entry of one fact."""
    return Entry(source, kind, currency, when.occurred_at, when.accounting_date, booked, invoice, who)
