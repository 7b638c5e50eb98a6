"""What the flows of the ledger need: revenue, seals, verification, adjustments of an invoice."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.ledger import Entry
from billing_pipeline.domain.sealing import Seal, Window
from billing_pipeline.flows.ports import Transactional


class Journal(Transactional, Protocol):
    """The way into the books."""

    def write(self, entries: Sequence[Entry], run_id: str, now: datetime) -> int:
        """Book the entries whose source is new; how many those were."""

    def open_day(self, day: date) -> date:
        """The day itself while it is open, else the first day after the last closed one."""

    def lock(self, work: str) -> None:
        """Wait until this transaction is the only one that does the work."""


@dataclass(frozen=True, slots=True)
class Earned:
    """Revenue earned since the beginning by the end of a day, in minor units."""

    day: date
    currency: Currency
    minor: int


@dataclass(frozen=True, slots=True)
class Booked:
    """Revenue booked so far in a currency, and the last day of service it covers."""

    currency: Currency
    minor: int
    last_day: date


class RevenueStore(Journal, Protocol):
    """What recognise_revenue reads."""

    def earned(self, first: date, through: date, zone: str) -> list[Earned]:
        """Running totals for the days between first and through on which they moved, by day and currency."""

    def booked_revenue(self, zone: str) -> list[Booked]:
        """What is in the books, by currency."""

    def first_issue_day(self) -> date | None:
        """The day of the first invoice; None while there is none."""


@dataclass(frozen=True, slots=True)
class SealableEntry:
    """What a seal takes from an entry. debit_minor: the sum of its debits."""

    entry_id: int
    content_hash: bytes
    currency: str
    debit_minor: int


class SealStore(Transactional, Protocol):
    """What seal_journal reads and writes."""

    def try_lock(self, work: str) -> bool:
        """Whether this transaction may do the work; False while another one does."""

    def epoch(self) -> int:
        """How often the database was adopted: 1 until then."""

    def last_seal(self) -> Seal | None:
        """The end of the chain; None before the first seal."""

    def committed_below(self) -> int:
        """The oldest transaction that is still running: nothing below it can still commit."""

    def hold_writers(self) -> int:
        """Wait for all writers of the journal and keep new ones waiting; the largest entry id."""

    def entries_in(self, window: Window, last: Seal | None) -> Iterator[SealableEntry]:
        """The window's entries by id. last: the end of the chain, which tells an opening window what is sealed."""

    def add_seal(self, seal: Seal) -> None:
        """The next link of the chain."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in the books that does not hold. check: which promise; subject: what breaks it; detail: in numbers."""

    check: str
    subject: str
    detail: str


@dataclass(frozen=True, slots=True)
class Tail:
    """What is not sealed yet. oldest_at: when the first of it was recorded; None when all is sealed."""

    entries: int
    oldest_at: datetime | None


class VerifyStore(Transactional, Protocol):
    """What verify_books asks of the database."""

    def findings(self, check: str, limit: int, zone: str) -> list[Finding]:
        """What breaks that promise, at most limit of them."""

    def unsealed(self) -> Tail:
        """The entries that no seal covers yet."""

    def counted(self) -> dict[str, int]:
        """How many entries, postings, seals and invoices were looked at."""
