"""Every stop on a datum's way as one call on a world: what Dagster's assets, its sensors and the demo share.

Each returns the summary of the flow it calls; nothing is decided here.
"""
# long because it is the one list of all stops

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from secrets import token_hex
from typing import Any, Final

from billing_pipeline.adapters.card_limits_file import read_card_limits
from billing_pipeline.adapters.compaction import compact
from billing_pipeline.adapters.fast_json import as_text
from billing_pipeline.adapters.identity import bind
from billing_pipeline.adapters.postgres import raw_statement
from billing_pipeline.adapters.reconciliation_parts import parts_of
from billing_pipeline.adapters.stores.billing_store import BillingStore
from billing_pipeline.adapters.stores.collection_store import CollectionStore
from billing_pipeline.adapters.stores.customer_store import CustomerStore
from billing_pipeline.adapters.stores.document_store import DocumentStore
from billing_pipeline.adapters.stores.event_store import EventStore
from billing_pipeline.adapters.stores.inbox_store import InboxStore
from billing_pipeline.adapters.stores.ledger_store import LedgerStore
from billing_pipeline.adapters.stores.sweep_store import SweepStore
from billing_pipeline.adapters.warehouse import read_published
from billing_pipeline.bootstrap import World
from billing_pipeline.domain.dunning_cases import PlannedStep
from billing_pipeline.domain.ids import AccountId, InvoiceId
from billing_pipeline.dunning_parts import ALL, dunning_parts
from billing_pipeline.flows.apply_events import Applied, apply_events
from billing_pipeline.flows.books import Errand
from billing_pipeline.flows.change_subscriptions import change_subscriptions
from billing_pipeline.flows.close_day import Closed, close_day
from billing_pipeline.flows.collect_payments import Collected, collect_payments, threads_for
from billing_pipeline.flows.deliver_hooks import Told
from billing_pipeline.flows.expire_credits import Expired, expire_credits
from billing_pipeline.flows.extract_ledger import extract_ledger
from billing_pipeline.flows.extract_stripe import extract_stripe
from billing_pipeline.flows.follow_payment_methods import Followed, follow_payment_methods
from billing_pipeline.flows.follow_stripe import Followed as FollowedStripe
from billing_pipeline.flows.give_up_carry_overs import CarryOversGivenUp, give_up_carry_overs
from billing_pipeline.flows.guard_mirrors import Guarded
from billing_pipeline.flows.ingest_events import Polled, ingest_events
from billing_pipeline.flows.pass_due_dates import DueDatesPassed, pass_due_dates
from billing_pipeline.flows.plan_dunning import plan_dunning
from billing_pipeline.flows.ports.inbox import Certificate
from billing_pipeline.flows.ports.reconciliation import Extracted, Run, Sink
from billing_pipeline.flows.provision_customers import Provisioned, provision_customers
from billing_pipeline.flows.publish_warehouse import WarehousePublished, publish_warehouse
from billing_pipeline.flows.recognise_revenue import RevenueRecognised, recognise_revenue
from billing_pipeline.flows.reconcile_books import Reconciled, cut_off_of, reconcile_books
from billing_pipeline.flows.reinstate_payers import Reinstated
from billing_pipeline.flows.repair_divergences import Repaired, repair_divergences
from billing_pipeline.flows.run_billing import DayBilled, run_billing
from billing_pipeline.flows.run_dunning import Dunned
from billing_pipeline.flows.run_errands import ErrandsRun
from billing_pipeline.flows.seal_journal import Sealed, seal_journal
from billing_pipeline.flows.send_messages import Sent
from billing_pipeline.flows.settle_unknowns import ATTEMPTS_MAX, SettledUnknowns, settle_unknowns
from billing_pipeline.flows.sweep_objects import Swept, sweep_everything, sweep_objects
from billing_pipeline.flows.sync_catalog import CatalogSynced
from billing_pipeline.flows.sync_subscriptions import Synced
from billing_pipeline.flows.take_over import Switched
from billing_pipeline.repair_hands import hands_of
from billing_pipeline.sync_parts import sync_parts


@dataclass(frozen=True, slots=True)
class Carried:
    """What left: accounts reinstated, messages, hooks."""

    reinstated: int
    messages: Sent
    hooks: Told


NOWHERE: Final[Sink] = lambda object_type, objects: None  # noqa: E731  a sweep whose pages nobody keeps


EVER: Final = datetime(2010, 1, 1, tzinfo=UTC)  # before Stripe
THREADS_ON_SIMULATOR: Final = 2
ERRANDS_MAX: Final = 100  # within a tick: some seconds in threads; the half-hourly round takes what is more
NO_TIME: Final = timedelta(0)
LATELY: Final = 0.9  # of the time between polls: a tick that comes a little early still polls
FACTS_MAX: Final = 100_000  # per call; more means that we were away for long: the next call goes on


def today(world: World) -> date:
    """The calendar day in the close zone, by the world's own clock: on the simulator it stands still."""
    return world.clock.now().astimezone(world.settings.time_zone).date()


def environment(world: World) -> str:
    """What our objects in Stripe say they belong to: simulator, sandbox or live."""
    return str(world.settings.mode)


def threads(world: World) -> int:
    """How many calls to Stripe are under way at once: what reaches the limit, and few on a simulator that shares our cores."""
    limit = min(world.settings.rate_per_second, world.settings.rate_operation_per_second)
    return THREADS_ON_SIMULATOR if world.simulator else threads_for(limit)


def events(world: World) -> EventStore:
    """The inbox of this world, with its close zone."""
    return EventStore(world.db, world.settings.zone)


def provision(world: World) -> Provisioned:
    """Every account gets its Stripe customer; changed ones are brought up to date."""
    return provision_customers(
        CustomerStore(world.db), world.gateway, world.clock, environment=environment(world), threads=threads(world)
    )


def follow_methods(world: World, accounts: Sequence[AccountId] | None = None) -> Followed:
    """Payment methods as Stripe has them now: of these accounts, or of those that are soon charged and have none."""
    return follow_payment_methods(
        CustomerStore(world.db), world.reader, world.clock, accounts=accounts, threads=threads(world)
    )


def sync_prices(world: World) -> CatalogSynced:
    """Plans and prices as products and prices in Stripe; a price is replaced, never edited."""
    return sync_parts(world).catalog()


def mirror_subscriptions(world: World) -> Synced:
    """Every subscription has its mirror in Stripe, held so that it never charges."""
    return sync_parts(world).mirrors()


def switch_takeovers(world: World) -> Switched:
    """Take-overs and give-backs whose window has come."""
    return sync_parts(world).switch()


def follow_takeovers(world: World) -> FollowedStripe:
    """What Stripe billed by itself, of subscriptions that were handed over, is in the books."""
    return sync_parts(world).follow()


def guard(world: World) -> Guarded:
    """Mirrors that could charge are found and held again."""
    return sync_parts(world).guard()


def bill(world: World, through: date, run_id: str = "") -> DayBilled:
    """Changes applied and invoices issued, up to the end of that day in the close zone, and never beyond today."""
    zone = world.settings.time_zone
    day = min(through, today(world))
    return run_billing(BillingStore(world.db), world.clock, through=day, close_zone=zone, run_id=run_id)


def drop_expired_credits(world: World, run_id: str = "") -> Expired:
    """Credits past their day are booked as expired."""
    return expire_credits(BillingStore(world.db), world.clock, close_zone=world.settings.time_zone, run_id=run_id)


def drop_small_balances(world: World, run_id: str = "") -> CarryOversGivenUp:
    """Amounts too small to charge that no next invoice came for are given up."""
    return give_up_carry_overs(DocumentStore(world.db), world.clock, zone=world.settings.zone, run_id=run_id)


def recognise(world: World, through: date, run_id: str = "") -> RevenueRecognised:
    """Deferred revenue earned up to the end of that day. Raises Broken for a day that is not over."""
    return recognise_revenue(LedgerStore(world.db), world.clock, through, zone=world.settings.zone, run_id=run_id)


def seal(world: World) -> Sealed:
    """New journal entries are sealed into the chain."""
    return seal_journal(LedgerStore(world.db), world.clock)


def collect(world: World, progress: Callable[[int], None] = lambda answered: None) -> Collected:
    """Open invoices are charged, once each."""
    return collect_payments(
        CollectionStore(world.db), world.gateway, world.clock, zone=world.settings.zone, environment=environment(world),
        threads=threads(world), limits=read_card_limits(world.settings.policies), progress=progress,
    )  # fmt: skip


def settle(world: World, limit: int = ATTEMPTS_MAX) -> SettledUnknowns:
    """Attempts whose outcome nobody knows are asked about."""
    return settle_unknowns(CollectionStore(world.db), world.gateway, world.clock, limit=limit)


def poll(world: World, *, unless_polled: bool = False) -> Polled:
    """Stripe's events since the last poll are put into the inbox; the first poll lists the objects instead.

    unless_polled: only if no other process did within the usual time. The simulator is always asked: its clock may stand still.
    """
    store, reader, clock = SweepStore(world.db, world.settings.zone), world.reader, world.clock
    lately = (
        timedelta(seconds=world.settings.poll_seconds) * LATELY if unless_polled and not world.simulator else NO_TIME
    )
    sweep_all = partial(sweep_everything, store, reader, clock)
    return ingest_events(store, reader, clock, bootstrap=sweep_all, unless_within=lately, dump=as_text)


def apply(world: World, limit: int = FACTS_MAX) -> Applied:
    """What waits in the inbox is applied to states and books, up to that many facts; what they ask for in Stripe is done."""
    done = apply_events(events(world), world.reader, world.clock, limit=limit)
    if done.errands:
        run_errands(world, done.errands[:ERRANDS_MAX])
    return done


def run_errands(world: World, errands: Sequence[Errand]) -> ErrandsRun:
    """Mirrors that could charge are held at once, drafts of Stripe's get our credits while they are drafts."""
    return sync_parts(world).errands(errands, threads(world))


def sweep(world: World, sink: Sink = NOWHERE, since: datetime | None = None, back_to: datetime | None = None) -> Swept:
    """Stripe's objects are listed, missed facts enter the inbox, the completeness certificates are made."""
    store = SweepStore(world.db, world.settings.zone)
    return sweep_objects(store, world.reader, world.clock, sink=sink, since=since, back_to=back_to)


def certificates(world: World) -> list[Certificate]:
    """What the last sweep could say about each type of object: complete up to when, or why it cannot say so."""
    return SweepStore(world.db, world.settings.zone).certificates()


def adopt(world: World, reason: str) -> Swept:
    """A copied or restored database is made ours: everything in Stripe is told to the inbox first, then the epoch rises."""
    swept = sweep(world, since=EVER)
    apply_events(
        events(world), world.reader, world.clock
    )  # and no errands: until it is ours, nothing is written in Stripe
    bind(world.db, world.identity, world.clock.now(), reason)
    return swept


def dun(world: World, run_id: str = "") -> Dunned:
    """Due dunning steps are taken, for invoices that are freshly reconciled; messages and hooks are carried."""
    parts = dunning_parts(world)
    dunned = parts.run(run_id)
    parts.send()
    parts.tell()
    return dunned


def pass_due(world: World) -> DueDatesPassed:
    """The calendar says which invoices were not paid by their due day."""
    return pass_due_dates(events(world), world.clock)


def reinstate(world: World) -> Reinstated:
    """Accounts that have paid everything get back what was suspended, at once."""
    done = dunning_parts(world).reinstate()
    if done.accounts:
        apply(world)
        zone = world.settings.time_zone
        change_subscriptions(BillingStore(world.db), world.clock, through=today(world), close_zone=zone)
    return done


def carry(world: World, *, messages: int = ALL, hooks: int = ALL) -> Carried:
    """Payers are reinstated, and what waits in the two outboxes leaves: what is new, and what is to be tried again."""
    back, parts = reinstate(world), dunning_parts(world)
    return Carried(back.accounts, parts.send(messages), parts.tell(hooks))


def extract_ours(world: World, run_id: str) -> Extracted:
    """What the ledger's tables gained since the last extraction, as Parquet."""
    return extract_ledger(parts_of(world).ledger, world.clock, run_id=run_id)


def extract_theirs(world: World, run_id: str) -> Extracted:
    """Stripe's objects as Parquet, from one fetch that also finds what events missed and makes the certificates."""
    parts = parts_of(world)
    return extract_stripe(
        parts.stripe, parts.comparison, world.reader, world.clock, parts.policy_file.policy, run_id=run_id,
        sweep=lambda sink, since: sweep(world, sink, back_to=since).certified,
    )  # fmt: skip


def reconcile(world: World, run_id: str) -> Reconciled:
    """Both sides compared: divergences noted, the proof of close made."""
    parts = parts_of(world)
    policy, zone = parts.policy_file.policy, world.settings.zone
    return reconcile_books(
        parts.comparison, parts.divergences, parts.stripe, world.clock, policy, run_id=run_id, zone=zone
    )


def repair(world: World) -> Repaired:
    """Repairs proposed, the safe and small ones done; the rest waits for a second person."""
    parts = parts_of(world)
    inbox, policy = InboxStore(world.db), parts.policy_file.policy
    return repair_divergences(
        parts.divergences, parts.repairs, world.reader, inbox, world.clock, policy, hands=hands_of(world)
    )


def approve_repair(world: World, repair: int, who: str, invoice: str = "") -> None:
    """A repair that waits may be done. invoice: which an orphan pays. Raises Broken when the same person asked for it."""
    named = InvoiceId(invoice) if invoice else None
    parts_of(world).repairs.approve(repair, who, world.clock.now(), invoice=named)


def close_if_proven(world: World, through: date, who: str) -> Closed:
    """Open days up to that one are closed, each with its proof; the first day with an unexplained rest stops it."""
    parts = parts_of(world)
    extract_ours(world, f"{run_name(world)}-close")  # repairs may have booked since the last comparison
    policy, now = parts.policy_file.policy, world.clock.now()
    run = Run("close", cut_off_of(parts.stripe, policy, now), now)
    proof = parts.comparison.examine(run, policy, zone=world.settings.zone).proof
    unproven = min((line.day for line in proof.remainders), default=through + timedelta(days=1))
    return close_day(
        parts.closes, proof, world.clock, through=min(through, unproven - timedelta(days=1)),
        zone_name=world.settings.zone, zone=world.settings.time_zone, who=who, cut_off=run.cut_off,
    )  # fmt: skip


def publish(world: World, run_id: str) -> WarehousePublished:
    """The warehouse that analysts open, swapped in whole; now and then the files behind it become few again."""
    parts = parts_of(world)
    compact(parts.workbench, world.clock.now(), parts.policy_file.policy.lake_runs_max)
    return publish_warehouse(parts.warehouse, world.clock, parts.policy_file.policy, run_id=run_id)


def ask(world: World, question: str) -> list[dict[str, Any]]:
    """What the published warehouse answers to the query in sql/questions of that name."""
    return read_published(parts_of(world).warehouse.path, raw_statement(f"questions/{question}"))


def run_name(world: World) -> str:
    """A name for a run that no scheduler named: its moment and a few random characters."""
    return f"{world.clock.now():%Y%m%dT%H%M%S}-{token_hex(3)}"


def plan_tomorrow(world: World) -> list[PlannedStep]:
    """Tomorrow's dunning: every overdue invoice with its action or the reason why it is held."""
    parts = dunning_parts(world)
    tomorrow = world.clock.now().date() + timedelta(days=1)
    return list(plan_dunning(parts.store, parts.gate, parts.policy, world.clock, tomorrow))
