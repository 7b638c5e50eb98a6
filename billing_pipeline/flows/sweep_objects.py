"""Look at Stripe's objects themselves, find what no event told, and certify that nothing is missing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from billing_pipeline.domain.errors import BillingError, Broken, Refused, TryLater, Unknown
from billing_pipeline.domain.events import OBJECT_TOPICS
from billing_pipeline.domain.stripe_money import parse_transaction
from billing_pipeline.flows.book_balance import book_balance
from billing_pipeline.flows.certify import Count, certificate
from billing_pipeline.flows.facts import swept_fact
from billing_pipeline.flows.news import is_news, names_of
from billing_pipeline.flows.ports import Clock, Gateway, Json
from billing_pipeline.flows.ports.event_rows import TransactionRow
from billing_pipeline.flows.ports.inbox import SweepStore
from billing_pipeline.flows.read_objects import Wanted, read_objects

Sink = Callable[[str, Sequence[Json]], object]
"""Takes every page as it came: object type and raw objects."""


@dataclass(frozen=True, slots=True)
class Listing:
    """How objects of one type are listed. overlap: how far before the last certificate, None for the whole list."""

    path: str
    overlap: timedelta | None
    params: Mapping[str, Any] = field(default_factory=dict)


class ObjectType(StrEnum):
    """What is swept."""

    PAYMENT_INTENT = "payment_intent"
    CHARGE = "charge"
    REFUND = "refund"
    DISPUTE = "dispute"
    PAYOUT = "payout"
    BALANCE_TRANSACTION = "balance_transaction"
    SUBSCRIPTION = "subscription"
    INVOICE = "invoice"
    CUSTOMER = "customer"


LISTINGS: Final[dict[str, Listing]] = {
    ObjectType.PAYMENT_INTENT: Listing(
        "/v1/payment_intents", timedelta(days=7)
    ),  # as far back as reconciliation compares anew
    ObjectType.CHARGE: Listing("/v1/charges", timedelta(days=7)),
    ObjectType.REFUND: Listing("/v1/refunds", timedelta(days=35)),  # a succeeded refund can still fail within a month
    ObjectType.DISPUTE: Listing("/v1/disputes", timedelta(days=2)),
    ObjectType.PAYOUT: Listing("/v1/payouts", timedelta(days=14)),  # a paid payout can still fail within days
    ObjectType.BALANCE_TRANSACTION: Listing("/v1/balance_transactions", timedelta(days=7)),
    ObjectType.SUBSCRIPTION: Listing(
        "/v1/subscriptions", None, {"status": "all"}
    ),  # without status the canceled ones are left out
    ObjectType.INVOICE: Listing("/v1/invoices", timedelta(days=35)),
    ObjectType.CUSTOMER: Listing("/v1/customers", None),
}
OBJECT_TYPES: Final = tuple(one.value for one in ObjectType)
PAGE_SIZE: Final = 100
PAYOUTS_MAX: Final = 200  # linked per sweep: one list each
BEGINNING: Final = timedelta(days=36_500)


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep saw and found. objects: by type. certified: types whose certificate was issued; refused: why not."""

    sweep_id: str
    objects: dict[str, int]
    missed_by_events: int
    certified: tuple[str, ...]
    refused: dict[str, str]


@dataclass(frozen=True, slots=True)
class Run:
    """What one sweep works with."""

    store: SweepStore
    gateway: Gateway
    clock: Clock
    sink: Sink
    started_at: datetime
    sweep_id: str
    back_to: datetime | None


def sweep_objects(  # long because a sweep is told how far back, of what, and for whom
    store: SweepStore,
    gateway: Gateway,
    clock: Clock,
    *,
    since: datetime | None = None,
    back_to: datetime | None = None,
    object_types: Sequence[str] = OBJECT_TYPES,
    sink: Sink = lambda object_type, objects: None,
) -> Swept:
    """Walk the lists, put what we did not know into the inbox, issue a certificate per type.

    since: where the lists begin; by default before the last certificate, by as much as objects of the type still change.
    back_to: no list begins later than that. sink: given every page as it came, so that reconciliation needs no fetch of its
    own. Nothing is applied here.
    """
    now = clock.now()
    run = Run(store, gateway, clock, sink, now, f"sweep-{now:%Y%m%dT%H%M%S}", back_to)
    certificates = []
    for object_type in object_types:
        count, gap = _sweep(run, object_type, since)
        one = certificate(count, run.sweep_id, now, gap)
        with store.transaction():
            store.certify(one, now)
        certificates.append(one)
    if "balance_transaction" in object_types:
        _link_payouts(run)
        book_balance(store, clock)
    return Swept(
        sweep_id=run.sweep_id,
        objects={one.object_type: one.objects for one in certificates},
        missed_by_events=sum(one.missed_by_events for one in certificates),
        certified=tuple(one.object_type for one in certificates if one.issued),
        refused={one.object_type: one.reason for one in certificates if not one.issued},
    )


def sweep_everything(store: SweepStore, gateway: Gateway, clock: Clock) -> Swept:
    """A sweep of which every type got its certificate: from here events can go on. Raises TryLater when one did not."""
    swept = sweep_objects(store, gateway, clock)
    for object_type, reason in swept.refused.items():
        raise TryLater(f"cannot begin with the objects: {object_type}: {reason}")
    return swept


def _sweep(run: Run, object_type: str, since: datetime | None) -> tuple[Count, str]:
    """What was seen of one type, and the gap before it when it does not join the last certificate."""
    count, listing = Count(object_type), LISTINGS[object_type]
    certified = run.store.certified_to(object_type)
    begin = since or (certified - listing.overlap if certified and listing.overlap else None)
    begin = min(begin, run.back_to) if begin and run.back_to else begin
    listed: set[str] = set()
    try:
        for page in run.gateway.pages(listing.path, _params(listing, begin)):
            listed.update(one["id"] for one in page.objects)
            _take(run, count, page.objects)
        _ask_others(run, count, listed)
    except Broken:
        raise
    except BillingError as error:
        count.failure = f"the list could not be read to its end: {error}"
    joined = since is None or (certified is not None and since <= certified)
    return count, "" if joined else f"what lies before {since:%Y-%m-%d %H:%M} was not swept"


def _params(listing: Listing, begin: datetime | None) -> dict[str, Any]:
    window = {"created": {"gte": int(begin.timestamp())}} if begin and listing.overlap else {}
    return {"limit": PAGE_SIZE, **listing.params, **window}


def _take(run: Run, count: Count, found: Sequence[Json]) -> None:
    """Count a page, pass it on, and put what is news into the inbox."""
    run.sink(count.object_type, found)
    count.add(found)
    if count.object_type == "balance_transaction":
        with run.store.transaction():
            count.missed += run.store.keep_transactions([TransactionRow(parse_transaction(one)) for one in found])
        return
    _put(run, count, [one["id"] for one in news_among(run, count.object_type, found)])


def news_among(run: Run, object_type: str, found: Sequence[Json]) -> list[Json]:
    """The objects that say something new. One about which a fact waits is left out: applying that reads the object anew."""
    known = run.store.known_states(object_type, names_of(object_type, found))
    waiting = run.store.waiting_objects([one["id"] for one in found])
    return [one for one in found if one["id"] not in waiting and is_news(object_type, one, known)]


def _put(run: Run, count: Count, names: Sequence[str]) -> None:
    """Read these objects whole, as they are now, and put them into the inbox."""
    about = OBJECT_TOPICS[count.object_type]
    answers = read_objects(run.gateway, {Wanted(about, name): run.started_at for name in names})
    count.unread += len(names) - len(answers)
    facts = [swept_fact(found, api_version=run.gateway.api_version) for found in answers.values() if found]
    if facts:
        with run.store.transaction():
            count.missed += run.store.put(facts, run.clock.now())


def _ask_others(run: Run, count: Count, listed: set[str]) -> None:
    """Ask one by one for objects that can still change and that the list's window did not bring."""
    about = OBJECT_TOPICS[count.object_type]
    names = [name for name in run.store.objects_to_ask(count.object_type) if name not in listed]
    answers = read_objects(run.gateway, {Wanted(about, name): run.started_at for name in names})
    count.unread += len(names) - len(answers)
    found = [one for one in answers.values() if one]
    if found:
        run.sink(count.object_type, found)
        news = [
            swept_fact(one, api_version=run.gateway.api_version) for one in news_among(run, count.object_type, found)
        ]
        with run.store.transaction():
            count.missed += run.store.put(news, run.clock.now())


def _link_payouts(run: Run) -> None:
    """Note which balance transactions automatic payouts paid out, as soon as Stripe has worked that out."""
    for payout in run.store.payouts_to_link(PAYOUTS_MAX):
        members: list[TransactionRow] = []
        try:
            for page in run.gateway.pages("/v1/balance_transactions", {"payout": payout, "limit": PAGE_SIZE}):
                members += [TransactionRow(parse_transaction(one)) for one in page.objects]
        except (TryLater, Unknown, Refused):
            return
        with run.store.transaction():
            run.store.link_payout(payout, members)
