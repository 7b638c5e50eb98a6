"""A person's word against dunning: pause a customer, believe a promise, skip a step; with who and why."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, Protocol

from billing_pipeline.domain.errors import Broken
from billing_pipeline.flows.ports import Clock, Transactional

HoldKind = Literal["pause", "promise", "skip"]


class HoldStore(Transactional, Protocol):
    """Where holds are kept."""

    def subject_of(self, name: str) -> Literal["account", "invoice"] | None:
        """Whether an account or an invoice (by id or number) has that name."""

    def add_hold(self, subject: str, kind: HoldKind, until: date | None, who: str, why: str, now: datetime) -> int:
        """The number of the new hold."""

    def end_holds(self, subject: str, now: datetime) -> int:
        """How many open holds on that account or invoice were ended."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person asks for. subject: an account, or an invoice by id or number. until: the last day that it holds."""

    subject: str
    kind: HoldKind
    who: str
    why: str
    until: date | None = None


def hold_dunning(store: HoldStore, clock: Clock, wish: Wish) -> int:
    """The number of the new hold. Raises Broken with the remedy."""
    now = clock.now()
    if complaint := _complaint(store.subject_of(wish.subject), wish, now.date()):
        raise Broken(complaint)
    with store.transaction():
        return store.add_hold(wish.subject, wish.kind, wish.until, wish.who, wish.why, now)


def _complaint(found: str | None, wish: Wish, today: date) -> str | None:
    if found is None:
        return f"no account or invoice {wish.subject!r}: give an account id, an invoice id or an invoice number"
    if not wish.who.strip() or not wish.why.strip():
        return "a hold needs somebody and a reason: give --by and --why"
    if wish.kind == "promise" and wish.until is None:
        return "a promise to pay has a date: give --until YYYY-MM-DD"
    if wish.kind == "skip" and found == "account":
        return f"{wish.subject!r} is an account: a skip leaves out the next step of one invoice, so name the invoice"
    if wish.until and wish.until < today:
        return f"{wish.until} is past: a hold until then would hold nothing"
    return None


def release_dunning(store: HoldStore, clock: Clock, subject: str) -> int:
    """How many holds were ended on that account or invoice. Raises Broken when there was none."""
    with store.transaction():
        ended = store.end_holds(subject, clock.now())
    if not ended:
        raise Broken(f"nothing holds {subject!r}: `billing-pipeline dunning plan` shows what is held and why")
    return ended
