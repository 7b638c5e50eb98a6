"""Land Stripe's objects: what a sweep fetched, or lists by time of creation; and what no list tells."""

from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from billing_pipeline.domain.reconciliation import ReconciliationPolicy
from billing_pipeline.flows.ports import Clock, Gateway, Json, Page
from billing_pipeline.flows.ports.reconciliation import Extracted, Known, KnownObjects, Sink, StripeLake, StripeLanding

LISTS: Final = {
    "payment_intent": "/v1/payment_intents",
    "charge": "/v1/charges",
    "refund": "/v1/refunds",
    "dispute": "/v1/disputes",
    "balance_transaction": "/v1/balance_transactions",
    "payout": "/v1/payouts",
    "invoice": "/v1/invoices",
    "invoice_payment": "/v1/invoice_payments",
}
"""Listed by time of creation."""

WHOLE_LISTS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "customer": ("/v1/customers", {}),
    "subscription": ("/v1/subscriptions", {"status": "all"}),
}
"""Listed whole: they change long after they were made, and are as few as the accounts."""

SINGLE: Final = {**LISTS, "customer": "/v1/customers", "subscription": "/v1/subscriptions"}
PAGE_LIMIT: Final = 100
THREADS: Final = 4  # the shared rate limit decides; more threads only wait for it
STAGE_DAYS: Final = 30  # a first extraction lands month by month and goes on where it was killed
UNSETTLED_MAX: Final = 2_000  # single reads per run, so that the day's lists are not starved of the read allocation

BEGINNING: Final = datetime(2010, 1, 1, tzinfo=UTC)  # no Stripe account is older

Sweep = Callable[[Sink, datetime], Collection[str]]
"""Fetches objects for its own purpose, those made since that moment at least, and gives each page to the sink. Returns the
types of which it read the lists to their end."""


@dataclass(slots=True)
class Noticed:
    """Passes objects on and notes what needs a second question."""

    landing: StripeLanding
    types: set[str] = field(default_factory=set)
    customers: set[str] = field(default_factory=set)
    payouts: dict[str, Json] = field(default_factory=dict)

    def sink(self, object_type: str, objects: Sequence[Json]) -> None:
        """Take raw objects of one type."""
        self.types.add(object_type)
        if object_type == "customer":
            self.customers.update(one["id"] for one in objects)
        if object_type == "payout":
            self.payouts.update({one["id"]: one for one in objects})
        self.landing.sink(object_type, objects)

    def brought(self, object_types: Collection[str]) -> None:
        """Only these types need no listing any more."""
        self.types.intersection_update(object_types)


def extract_stripe(  # long because it works with a lake, a gateway, a clock and a policy
    lake: StripeLake,
    objects: KnownObjects,
    gateway: Gateway,
    clock: Clock,
    policy: ReconciliationPolicy,
    *,
    run_id: str,
    sweep: Sweep | None = None,
    full: bool = False,
) -> Extracted:
    """What was landed. sweep: its pages are landed too, and what it fetched is not fetched again.

    Raises TryLater, Unknown or Refused from the gateway; then nothing of the unfinished stage counts, and the next call
    goes on after the last finished one.
    """
    now = clock.now()
    complete_to = None if full else lake.stripe_complete_to()
    known = objects.known()
    begin = known.begins_at or BEGINNING
    counts: dict[str, int] = {}
    for nth, (since, until) in enumerate(stages(complete_to, begin, now, policy)):
        first = complete_to is None and nth == 0
        with lake.stripe_landing(f"{run_id}-{nth}" if nth else run_id, now, until, full=first) as landing:
            noticed = Noticed(landing)
            if until == now and sweep is not None:
                noticed.brought(sweep(noticed.sink, since))
            list_created(gateway, noticed, since, until if until < now else None)
            if until == now:
                ask_once_more(gateway, known, noticed, since)
            add_counts(counts, landing)
    return Extracted(run_id, "stripe", sum(counts.values()), counts, "" if complete_to else "first extraction")


def stages(
    complete_to: datetime | None, begin: datetime, now: datetime, policy: ReconciliationPolicy
) -> Iterator[tuple[datetime, datetime]]:
    """The windows of creation to list, each landed on its own; the last one ends now.

    begin: BEGINNING lists everything in one window, because nobody knows yet where the months begin.
    """
    if complete_to is None and begin == BEGINNING:
        yield BEGINNING, now
        return
    overlap = timedelta(days=policy.overlap_days)
    since = (complete_to or begin) - overlap
    while (until := since + overlap + timedelta(days=STAGE_DAYS)) < now:
        yield since, until
        since = until - overlap
    yield since, now


def list_created(gateway: Gateway, noticed: Noticed, since: datetime, until: datetime | None) -> None:
    """List what was made in the window and no sweep has brought, several types at once."""
    created = {"gte": int(since.timestamp())} | ({"lte": int(until.timestamp())} if until else {})
    wanted = [(kind, path, {"created": created}) for kind, path in LISTS.items()]
    wanted += [(kind, path, params) for kind, (path, params) in WHOLE_LISTS.items() if until is None]
    missing = [one for one in wanted if one[0] not in noticed.types]

    def fetch(one: tuple[str, str, dict[str, Any]]) -> None:
        kind, path, params = one
        for page in pages(gateway, path, params):
            noticed.sink(kind, page.objects)

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(fetch, missing))


def pages(gateway: Gateway, path: str, params: dict[str, Any]) -> Iterator[Page]:
    """All pages of a list, as large as Stripe gives them."""
    return gateway.pages(path, {"limit": PAGE_LIMIT, **params})


def ask_once_more(gateway: Gateway, known: Known, noticed: Noticed, since: datetime) -> None:
    """What no list tells: deleted customers, old objects that still move, what a payout was made of, the balance."""
    for customer in sorted(known.customers - noticed.customers):
        read(gateway, noticed, "customer", customer)
    older = [(object_type, object_id) for object_type, object_id, created_at in known.unsettled if created_at < since]
    for object_type, object_id in older[:UNSETTLED_MAX]:
        read(gateway, noticed, object_type, object_id)
    for payout in [p for p in noticed.payouts.values() if can_be_mapped(p) and p["id"] not in known.mapped]:
        for page in pages(gateway, "/v1/balance_transactions", {"payout": payout["id"]}):
            noticed.sink("payout_transaction", payout_transactions(payout["id"], page.objects))
    if balance := gateway.read("/v1/balance"):
        noticed.sink("balance", balance_rows(balance))


def read(gateway: Gateway, noticed: Noticed, object_type: str, object_id: str) -> None:
    """Land one object as it is now, or that Stripe does not know it."""
    found = gateway.read(f"{SINGLE[object_type]}/{object_id}")
    noticed.sink(object_type, [found or {"id": object_id, "missing": True}])


def can_be_mapped(payout: Json) -> bool:
    """Whether Stripe names the payout's transactions: of automatic payouts only, once it has worked them out."""
    return bool(payout.get("automatic")) and payout.get("reconciliation_status") == "completed"


def payout_transactions(payout_id: str, objects: Sequence[Json]) -> list[Json]:
    """Which balance transactions the payout was made of; the payout's own is not one of them."""
    return [
        {"balance_transaction_id": one["id"], "payout": payout_id}
        for one in objects
        if one.get("reporting_category") not in ("payout", "payout_reversal")
    ]


def balance_rows(balance: Json) -> list[Json]:
    """One row per currency of Stripe's balance."""
    rows: dict[str, dict[str, Any]] = {}
    for part in ("available", "pending"):
        for sum_ in balance.get(part) or ():
            row = rows.setdefault(sum_["currency"], {"currency": sum_["currency"], "available": 0, "pending": 0})
            row[part] += sum_["amount"]
    return list(rows.values())


def add_counts(counts: dict[str, int], landing: StripeLanding) -> None:
    """Add what this stage landed."""
    for object_type, count in landing.counts.items():
        counts[object_type] = counts.get(object_type, 0) + count
