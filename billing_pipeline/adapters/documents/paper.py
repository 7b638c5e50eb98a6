"""A document as its text: every amount and date written in the customer's language, nothing left to compute."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_interval, format_skeleton
from babel.numbers import format_decimal

from billing_pipeline.adapters.documents.words import LANGUAGES
from billing_pipeline.adapters.message_templates import shown_amount
from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.money import Money

DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Party:
    """Seller or buyer, as lines of text; the name stands first."""

    name: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PaperLine:
    """A line: what for, when, how many, how much."""

    description: str
    period: str
    quantity: str
    amount: str


@dataclass(frozen=True, slots=True)
class Sum:
    """A line below the lines. strong: the one that people look for."""

    label: str
    amount: str
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Paper:
    """An invoice or a credit note, ready to be set. facts: label and text, such as number and dates.

    stamp: such as 'Paid'; '' while it is open. heads: of the table of lines. parties: labels of seller and buyer.
    """

    title: str
    number: str
    language: str
    seller: Party
    buyer: Party
    facts: tuple[tuple[str, str], ...]
    lines: tuple[PaperLine, ...]
    sums: tuple[Sum, ...]
    notes: tuple[str, ...]
    footer: str
    stamp: str
    pay_label: str
    pay_link: str
    made_at: datetime
    heads: tuple[str, str, str]
    parties: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Pen:
    """Writes amounts, dates and numbers of one currency in one language."""

    locale: Locale
    currency: Currency
    zone: ZoneInfo
    words: Mapping[str, str]

    def money(self, minor: int) -> str:
        """The amount with its currency; decimals that are not zero are never lost, so that the sums add up on paper."""
        return shown_amount(Money(minor, self.currency), str(self.locale))

    def day(self, value: date) -> str:
        """The date, its month in letters: no country reads it wrongly."""
        return str(format_skeleton("yMMMd", value, locale=self.locale))

    def number(self, value: int) -> str:
        """A whole number."""
        return format_decimal(value, locale=self.locale)

    def period(self, start: datetime | None, end: datetime | None) -> str:
        """The first and the last day of service; '' without a period.

        The day on which a period ends is the first one of the next, at whatever hour: it is printed there alone.
        """
        if start is None or end is None:
            return ""
        first, next_first = start.astimezone(self.zone).date(), end.astimezone(self.zone).date()
        return str(format_interval(first, max(first, next_first - DAY), "yMMMd", locale=self.locale))


def pen_for(locale: str, currency: Currency, zone: str) -> Pen:
    """A pen for the customer's locale. A language without words of ours is written as English throughout, dates too."""
    try:
        known = Locale.parse(locale.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        known = Locale("en")
    known = known if known.language in LANGUAGES else Locale("en")
    return Pen(known, currency, ZoneInfo(zone), LANGUAGES[known.language])


def invoice_paper(head: Any, rows: Sequence[Any], pay_link: str) -> Paper:
    """The invoice as text. head, rows: of ledger/document_invoice.sql and document_lines.sql."""
    pen = pen_for(head.locale, Currency(head.currency), head.zone)
    facts = [("number", head.number), ("issued", pen.day(head.issued_on)), ("due", pen.day(head.due_on))]
    if period := pen.period(head.period_start, head.period_end):
        facts.append(("period", period))
    is_open = head.state in ("pending", "overdue") and left(head) > 0
    return Paper(
        title=pen.words["invoice"], number=head.number, language=pen.locale.language,
        seller=seller(head, pen), buyer=buyer(head, pen),
        facts=tuple((pen.words[label], text) for label, text in facts),
        lines=tuple(paper_line(row, pen) for row in rows),
        sums=tuple(invoice_sums(head, rows, pen)), notes=tuple(notes(head, pen, is_open)), footer=head.footer,
        stamp="" if is_open or head.state in ("pending", "overdue") else pen.words[f"state_{head.state}"],
        pay_label=pen.words["pay"], pay_link=pay_link if is_open else "", made_at=head.issued_at,
        heads=heads(pen), parties=(pen.words["from"], pen.words["to"]),
    )  # fmt: skip


def credit_note_paper(note: Any, head: Any) -> Paper:
    """The credit note as text. head: of the invoice it is about."""
    pen = pen_for(head.locale, Currency(note.currency), head.zone)
    day = note.issued_at.astimezone(pen.zone).date()
    net = note.amount_minor - note.tax_minor
    sums = [Sum(pen.words["subtotal"], pen.money(net))]
    sums += [Sum(pen.words["tax"], pen.money(note.tax_minor))] if note.tax_minor else []
    return Paper(
        title=pen.words["credit_note"], number=note.number, language=pen.locale.language,
        seller=seller(head, pen), buyer=buyer(head, pen),
        facts=((pen.words["number"], note.number), (pen.words["issued"], pen.day(day)),
               (pen.words["refers_to"], f"{head.number}, {pen.day(head.issued_on)}")),
        lines=(PaperLine(note.reason, "", "1", pen.money(net)),),
        sums=(*sums, Sum(pen.words["credit_total"], pen.money(note.amount_minor), strong=True)),
        notes=tuple(tax_notes(head, pen)), footer=head.footer, stamp="", pay_label="", pay_link="",
        made_at=note.issued_at, heads=heads(pen), parties=(pen.words["from"], pen.words["to"]),
    )  # fmt: skip


def heads(pen: Pen) -> tuple[str, str, str]:
    """The heads of the table of lines."""
    return pen.words["description"], pen.words["quantity"], pen.words["amount"]


def left(head: Any) -> int:
    """What is still open, in minor units."""
    return int(head.due_minor - head.paid_minor - head.credited_minor)


def seller(head: Any, pen: Pen) -> Party:
    """Who sells: address, country and tax number."""
    lines = [part.strip() for part in head.seller_address.split(",")]
    lines += [land(pen, head.seller_country), tax_id(pen, head.seller_tax_id)]
    return Party(head.seller_name, tuple(filled(lines)))


def buyer(head: Any, pen: Pen) -> Party:
    """Who buys: address, country and tax number."""
    address = head.buyer_address
    city = " ".join(filled([address.get("postal_code", ""), address.get("city", "")]))
    lines = [address.get("line1", ""), address.get("line2", ""), city, address.get("state", "")]
    lines += [land(pen, head.buyer_country), tax_id(pen, head.buyer_tax_id)]
    return Party(head.buyer_name, tuple(filled(lines)))


def filled(lines: Iterable[str]) -> list[str]:
    """The lines that say something."""
    return [line for line in lines if line]


def land(pen: Pen, country: str) -> str:
    """The country's name in the customer's language."""
    return str(pen.locale.territories.get(country, country))


def tax_id(pen: Pen, number: str) -> str:
    """The tax number with its label; '' without one."""
    return f"{pen.words['tax_id']} {number}" if number else ""


def paper_line(row: Any, pen: Pen) -> PaperLine:
    """A line as text."""
    period = pen.period(row.period_start, row.period_end)
    return PaperLine(row.description, period, pen.number(row.quantity), pen.money(row.amount_minor))


def invoice_sums(head: Any, rows: Sequence[Any], pen: Pen) -> list[Sum]:
    """All sums from the subtotal down to what is due; those of nothing are left out."""
    signed: list[tuple[str, int]] = [("subtotal", head.subtotal_minor), ("discount", -head.discount_minor)]
    below = [
        ("previous_balance", head.previous_balance_minor), ("credits", -head.credits_minor),
        ("carried", -head.carried_minor), ("credited", -head.credited_minor), ("paid", -head.paid_minor),
    ]  # fmt: skip
    due = left(head) if head.state in ("pending", "overdue") else 0
    total = Sum(pen.words["total"], pen.money(head.total_minor), strong=True)
    to_pay = Sum(pen.words["amount_due"], pen.money(due), strong=True)
    return [*written(signed, pen), *taxes(rows, head, pen), total, *written(below, pen), to_pay]


def written(parts: Iterable[tuple[str, int]], pen: Pen) -> list[Sum]:
    """The sums that are not nothing."""
    return [Sum(pen.words[label], pen.money(minor)) for label, minor in parts if minor]


def taxes(rows: Sequence[Any], head: Any, pen: Pen) -> list[Sum]:
    """The tax by rate; lines without a rate of their own under one label."""
    sums: dict[str, int] = {}
    for row in rows:
        if row.tax_minor:
            label = rate_label(row, pen)
            sums[label] = sums.get(label, 0) + row.tax_minor
    if not sums and head.tax_minor:
        sums = {pen.words["tax"]: head.tax_minor}
    return [Sum(label, pen.money(minor)) for label, minor in sums.items()]


def rate_label(row: Any, pen: Pen) -> str:
    """Such as 'VAT 19%' or 'VAT 20% included'."""
    if row.tax_name is None:
        return pen.words["tax"]
    rate = format_decimal(Decimal(row.rate_ppm).scaleb(-4), locale=pen.locale)
    return f"{row.tax_name} {rate} %" + (f" ({pen.words['included']})" if row.inclusive else "")


def tax_notes(head: Any, pen: Pen) -> list[str]:
    """What the law wants to read where no tax is charged."""
    return [pen.words[head.tax_status]] if head.tax_status in ("reverse_charge", "exempt") else []


def notes(head: Any, pen: Pen, is_open: bool) -> list[str]:
    """What stands below the sums."""
    told = tax_notes(head, pen)
    if is_open and head.collection_method == "automatic":
        told.append(pen.words["will_charge"])
    elif is_open:
        told.append(pen.words["please_pay"].format(date=pen.day(head.due_on), number=head.number))
    return told
