"""One policy, one seed: 75 days in which refused customers are dunned by the real engine, on a simulator in this process.

Real here: billing, collection over the Stripe SDK, the inbox, dunning, messages, the payment page, PostgreSQL. Made up:
how cards and customers behave (domain/dunning_model.py), and a reconciliation that always agrees.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Final

from billing_pipeline import operations
from billing_pipeline.adapters.identity import StripeIdentity
from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.demo_store import DemoStore
from billing_pipeline.adapters.stores.page_store import PageStore
from billing_pipeline.adapters.stripe_gateway import StripeGateway
from billing_pipeline.bootstrap import SIMULATOR_KEY, World
from billing_pipeline.demo.debtors import GOOD_CARD, found_debtors, give_new_card
from billing_pipeline.domain.dunning_model import CHARGED_AT, CHARGED_DAYS, FIRST_DAY, WATCHED_DAYS, Debtor, Model
from billing_pipeline.domain.dunning_policy import Policy
from billing_pipeline.domain.errors import BillingError
from billing_pipeline.domain.ids import IdempotencyKey, InvoiceId
from billing_pipeline.domain.requests import post
from billing_pipeline.dunning_parts import DunningParts, dunning_parts
from billing_pipeline.flows.pay_on_page import Counter, PageState, close_payment, open_payment
from billing_pipeline.flows.ports.dunning import Delivery, Message, Outcome
from billing_pipeline.settings import Settings
from stripe_simulator import Simulator

ROUNDS: Final = (time(0), CHARGED_AT, time(15), time(18))
"""UTC: when it is nine or a little later in Tokyo, in Europe, in New York, in Los Angeles."""
DAYS: Final = CHARGED_DAYS + WATCHED_DAYS
SECRET: Final = "signs links that nobody opens......"
IN_PROCESS: Final = "in this process"
NONE_HELD: Final[Mapping[InvoiceId, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class AlwaysAgreed:
    """A reconciliation that finds no difference, for every policy alike."""

    open: bool = True
    reason: str = ""

    def gate(self, now: datetime) -> "AlwaysAgreed":
        """Open."""
        return self

    def held_invoices(self) -> Mapping[InvoiceId, str]:
        """None."""
        return NONE_HELD


@dataclass(slots=True)
class Letterbox:
    """The customers' letterboxes: what arrives makes some of them pay, each at a moment drawn beforehand."""

    model: Model
    debtors: Mapping[str, Debtor]
    simulator: Simulator
    pays_at: dict[str, tuple[datetime, InvoiceId]] = field(default_factory=dict)
    delivered: int = 0
    repeatable: bool = True

    def send(self, message: Message) -> Delivery:
        """Delivered, and read."""
        self.delivered += 1
        wait = self.model.reaction(self.debtors[message.account], message.template)
        if wait is not None and message.invoices:
            self.pays_at.setdefault(message.account, (self.simulator.clock.now() + wait, message.invoices[0]))
        return Delivery(Outcome.SENT)


@dataclass(frozen=True, slots=True)
class Life:
    """Everything that one run needs. waiting: customers whose new card has not come yet, with their Stripe customer."""

    world: World
    simulator: Simulator
    parts: DunningParts
    letters: Letterbox
    counter: Counter
    waiting: dict[str, tuple[Debtor, str]]


def live(life: Life, tick: Callable[[date], None], days: int = DAYS) -> None:
    """So many days; tick is told each one that has passed."""
    for number in range(days):
        day = FIRST_DAY + timedelta(days=number)
        for at in ROUNDS:
            live_round(life, datetime.combine(day, at, UTC))
        tick(day)


def live_round(life: Life, now: datetime) -> None:
    """Customers act, Stripe is heard, then what the schedules run; a round in which nothing moves is a short one."""
    world, morning = life.world, now.time() == CHARGED_AT
    life.simulator.advance(to=now)
    acted = customers_act(life, now)
    if acted or morning:
        operations.poll(world)
    if morning:
        operations.bill(world, now.date())
        operations.pass_due(world)
        collect(world)
    elif acted:
        operations.apply(world)
    if life.parts.run().taken:
        collect(world)
        life.parts.send()
    if acted or morning:
        operations.reinstate(world)


def collect(world: World) -> None:
    """What is due is charged, and the books hear of it."""
    operations.apply(world)
    operations.collect(world)
    operations.apply(world)


def customers_act(life: Life, now: datetime) -> int:
    """New cards arrive; who was moved by a message pays on the payment page. How many did something."""
    arrived = [name for name, (one, _) in life.waiting.items() if one.new_card_at and one.new_card_at <= now]
    for name in arrived:
        give_new_card(life.world, *life.waiting.pop(name))
    moved = [name for name, (at, _) in life.letters.pays_at.items() if at <= now]
    paid = [name for name in moved if pay(life.counter, life.letters.pays_at[name][1])]
    for name in paid:
        del life.letters.pays_at[name]
    return len(arrived) + len(paid)


def pay(counter: Counter, invoice_id: InvoiceId) -> bool:
    """Whether the matter is settled: the page is opened, a good card is typed, Stripe takes it, the page says thanks."""
    invoice = counter.store.page_invoice(invoice_id)
    if invoice is None:
        return True
    session = open_payment(counter, invoice)
    if session.state is not PageState.READY:
        return session.state is PageState.PAID or session.state is PageState.NOTHING_DUE
    typed = post(f"/v1/payment_intents/{invoice.payment_intent_id}/confirm", {"payment_method": GOOD_CARD})
    try:
        counter.gateway.send(typed, IdempotencyKey(f"page:{invoice_id}:{counter.clock.now():%Y%m%dT%H}"))
    except BillingError:
        return False
    return close_payment(counter, invoice) is PageState.PAID


@contextmanager
def opened_life(url: str, home: Path, policies: Path, policy: Policy, seed: int, count: int) -> Iterator[Life]:
    """The world of that seed under that policy, with its customers signed up and nothing charged yet."""
    settings = Settings.load(
        {"BILLING_HOME": str(home), "BILLING_POLICIES": str(policies), "BILLING_LINK_SECRET": SECRET}
    )
    simulator = Simulator(seed=seed, now=datetime.combine(FIRST_DAY, time(), UTC))
    with closing(Database(url)) as db:
        gateway = StripeGateway(SIMULATOR_KEY, http_client=simulator.http_client(), guard=lambda: db.in_transaction)
        identity = StripeIdentity(simulator.world.account.id, livemode=False)
        world = World(settings, home, db, simulator.clock, gateway, gateway, identity, IN_PROCESS)
        model = Model(seed)
        debtors = {one.name: one for one in model.debtors(count)}
        letters = Letterbox(model, debtors, simulator)
        parts = replace(dunning_parts(world), policy=policy, gate=AlwaysAgreed(), mailer=letters, hooks=None)
        found_debtors(world, list(debtors.values()))
        ids = DemoStore(db).stripe_ids(list(debtors))
        waiting = {name: (one, ids[name]) for name, one in debtors.items() if one.new_card_at}
        counter = Counter(PageStore(db), gateway, simulator.clock, settings.mode)
        yield Life(world, simulator, parts, letters, counter, waiting)
