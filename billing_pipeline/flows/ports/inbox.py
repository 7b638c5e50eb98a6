"""What the event flows need: facts as the inbox tells them, the keys of the rows that they move, the stores behind both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal, Protocol

from billing_pipeline.domain.cash_entries import DayOf, Owner
from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.ledger import Entry
from billing_pipeline.domain.stripe_money import BalanceTransaction
from billing_pipeline.flows.ports import Fact, Transactional
from billing_pipeline.flows.ports.documents import LossStore
from billing_pipeline.flows.ports.event_rows import Row, Told, TransactionRow

FactState = Literal["new", "applied", "ignored", "dead"]


@dataclass(slots=True)
class Keys:
    """What a batch of facts is about, gathered so that each kind is read by one statement."""

    invoices: set[str] = field(default_factory=set)
    charges: set[str] = field(default_factory=set)
    declines: set[str] = field(default_factory=set)
    refunds: set[str] = field(default_factory=set)
    disputes: set[str] = field(default_factory=set)
    payouts: set[str] = field(default_factory=set)
    transactions: set[str] = field(default_factory=set)
    customers: set[str] = field(default_factory=set)
    methods: set[str] = field(default_factory=set)
    subscriptions: set[str] = field(default_factory=set)
    mirrors: set[str] = field(default_factory=set)
    stripe_invoices: set[str] = field(default_factory=set)
    grants: set[str] = field(default_factory=set)
    entries: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Unbooked:
    """A balance transaction whose entries are missing, with what it belongs to.

    base_minor: what was booked for it on STRIPE_PENDING in base_currency, + in and - out; None while that is not known.
    """

    transaction: BalanceTransaction
    base_currency: Currency | None
    base_minor: int | None
    charge_id: str | None
    owner: Owner


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one fact."""

    inbox_id: int
    state: Literal["applied", "ignored", "dead"]
    reason: str = ""


class EventStore(Transactional, Protocol):
    """The inbox and everything that its facts move. Raises TryLater when the database is away or asks to try again."""

    @property
    def close_zone(self) -> str:
        """Where a day begins for the books."""

    @property
    def losses(self) -> LossStore:
        """What books the loss of an invoice that ends, in the same transaction."""

    def put(self, facts: list[Fact], now: datetime) -> int:
        """Store facts not seen before; how many were new."""

    def waiting(self, after: int, limit: int) -> list[Told]:
        """New facts that nobody holds, in the order they came, locked for this transaction."""

    def claim(self, inbox_ids: Sequence[int]) -> list[Told]:
        """Those of the facts whose objects nobody else is reading, held for a few minutes."""

    def release(self, inbox_ids: Sequence[int]) -> None:
        """Let go of facts whose object could not be read, for a later run."""

    def lock(self, inbox_ids: Sequence[int]) -> set[int]:
        """Those of the facts that are still new, locked for this transaction."""

    def missing_transactions(self, names: Sequence[str]) -> list[str]:
        """Which of these balance transactions are not stored yet."""

    def load(self, keys: Keys) -> list[Row]:
        """The rows those facts are about, locked in one order for all, so that two appliers never wait for each other."""

    def booked(self, sources: Sequence[str]) -> list[Entry]:
        """The entries of those sources that are in the books."""

    def day_of(self) -> DayOf:
        """The accounting date of a moment, as the books stand open now."""

    def write(self, rows: Sequence[Row], entries: Sequence[Entry], now: datetime) -> int:
        """Write the rows as they are now, and the entries; how many entries were new."""

    def finish(self, verdicts: Sequence[Verdict], now: datetime) -> None:
        """Note what became of the facts."""

    def await_reversals(self) -> None:
        """Wait until nobody else applies money that goes back, or payments whose reversals may have been told already."""

    def wake(self, charges: Sequence[str]) -> int:
        """Let what was told of these payments going back, and ignored, be applied once more; how many facts that is."""

    def unbooked(self, limit: int) -> list[Unbooked]:
        """Balance transactions without entries whose payment, refund, dispute or payout is known, oldest first."""

    def newly_available(self, now: datetime, limit: int) -> list[TransactionRow]:
        """Booked balance transactions whose money can be paid out since, oldest first."""

    def book(self, done: Sequence[Unbooked], entries: Sequence[Entry], now: datetime) -> int:
        """Write the entries of balance transactions and mark them booked; how many entries were new."""

    def book_available(self, done: Sequence[TransactionRow], entries: Sequence[Entry], now: datetime) -> int:
        """Write the entries of money that became available and mark it so; how many entries were new."""

    def due_passed(self, today: date, limit: int) -> list[tuple[str, date]]:
        """Pending invoices whose due day lies before today, without such a fact yet: invoice id and due day."""


class CursorStore(Transactional, Protocol):
    """Where polling and sweeping stand."""

    def put(self, facts: list[Fact], now: datetime) -> int:
        """Store facts not seen before; how many were new."""

    def high_water(self, cursor: str) -> datetime | None:
        """Up to when that cursor has read, or None before the first time."""

    def checked_at(self, cursor: str) -> datetime | None:
        """When that cursor was last read to its end, by any process, or None before the first time."""

    def advance(self, cursor: str, high_water: datetime, checked_at: datetime, detail: Mapping[str, object]) -> None:
        """Move the cursor, never back."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a sweep can say about one object type: complete up to a moment, or why not. sums: minor units by currency."""

    object_type: str
    sweep_id: str
    complete_to: datetime
    objects: int
    sums: Mapping[str, int]
    digest: str
    missed_by_events: int
    issued: bool
    reason: str = ""


class SweepStore(EventStore, CursorStore, Protocol):
    """What a sweep reads and keeps besides."""

    def certified_to(self, object_type: str) -> datetime | None:
        """Up to when the last issued certificate of the type reaches, or None before the first."""

    def known_states(self, object_type: str, names: Sequence[str]) -> dict[str, str]:
        """Our word for the state of each of these objects that we know; see flows.news for the words."""

    def waiting_objects(self, names: Sequence[str]) -> set[str]:
        """Those of the objects about which a fact waits that brings them up to date."""

    def objects_to_ask(self, object_type: str) -> list[str]:
        """Objects of ours that can still change, whatever their age."""

    def keep_transactions(self, found: Sequence[TransactionRow]) -> int:
        """Store balance transactions not seen before; how many were new."""

    def payouts_to_link(self, limit: int) -> list[str]:
        """Automatic payouts whose members Stripe knows by now and we do not."""

    def link_payout(self, payout_id: str, transactions: Sequence[TransactionRow]) -> None:
        """Note which balance transactions a payout paid out."""

    def certify(self, certificate: Certificate, made_at: datetime) -> None:
        """Keep the certificate."""
