"""Months of dunning with faults: what must never happen does not, and every invoice comes to an end.

A sample is a customer with one to three late invoices on one card over 160 days, each with its own fate, and up to eight
days each on which Stripe is silent, the gate is closed, or the process dies: 9 samples in `make test`, 150 in `make soak`.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.tables import billing, catalog, control, stripe
from billing_pipeline.flows.ports.dunning import Letter, Notice
from billing_pipeline.flows.reinstate_payers import reinstate_payers
from tests import seeds
from tests.clusters import Cluster
from tests.dunning_world import World

DAYS = 160  # longer than the longest ladder, with its grace and a few closed gates
UNDER_WAY = {"processing", "succeeded"}
MONTH, WEEK = timedelta(days=30), timedelta(days=7)
MAILS = {"payment_failed", "escalation", "final_notice"}
numbers = count()


@dataclass(frozen=True)
class Fate:
    """How one invoice goes. pays_on: late day on which Stripe has the money, None for never; we learn of it lag_days later.

    bounces_on: a bank debit that is under way for three days and then fails.
    """

    pays_on: int | None
    lag_days: int
    bounces_on: int
    declines: str
    total: int

    def status(self, late_days: int) -> str:
        """What Stripe says on that day."""
        if self.pays_on is not None and late_days >= self.pays_on:
            return "succeeded"
        return "processing" if self.bounces_on <= late_days < self.bounces_on + 3 else "requires_payment_method"


fates = st.builds(
    Fate,
    pays_on=st.one_of(st.none(), st.integers(1, 60)),
    lag_days=st.integers(0, 3),
    bounces_on=st.integers(1, 60),
    declines=st.sampled_from(["insufficient_funds", "generic_decline", "lost_card"]),
    total=st.sampled_from([4900, 200_000]),
)
days = st.sets(st.integers(1, 70), max_size=8)


class Crash(Exception):
    """The process dies here."""


class Clumsy:
    """Letters whose writer dies on some days."""

    def __init__(self, world: World, dies_on: set[int]) -> None:
        self.letters, self.dies_on, self.today = world.letters, dies_on, 0

    def compose(self, notice: Notice) -> Letter:
        if self.today in self.dies_on:
            raise Crash
        return self.letters.compose(notice)


class Months:
    """One example: a customer with some late invoices on one card, day by day."""

    def __init__(self, db: Database, invoices: list[Fate], dies_on: set[int]) -> None:
        self.world, number = World(db), next(numbers)
        self.account = f"a{number}"
        self.fates = {f"inv-{number}-{index}": fate for index, fate in enumerate(invoices)}
        self.letters = Clumsy(self.world, dies_on)
        self.world.letters = self.letters  # type: ignore[assignment]
        for name, fate in self.fates.items():
            amounts = dict.fromkeys(("total_minor", "subtotal_minor", "due_minor"), fate.total)
            self.world.late(name, self.account, codes={"decline": fate.declines}, **amounts)
        if not seeds.fetch(db, catalog.prices):
            seeds.insert_price(db)
        seeds.insert_subscription(db, f"s-{number}", self.account)

    def day(self, late_days: int, *, silent: bool, closed: bool) -> None:
        """Stripe's state, what we learn of it, dunning, the retries it asked for, reinstatement."""
        world, self.letters.today = self.world.day(late_days), late_days
        world.stripe.silent, world.gate.open = silent, not closed
        for name, fate in self.fates.items():
            world.stripe.statuses[f"pi_{name}"] = fate.status(late_days)
            if self.state(name) != "paid" and fate.pays_on is not None and late_days >= fate.pays_on + fate.lag_days:
                world.pay(name)
        self.again_after_a_crash(world.run)
        self.collect()
        self.write_off()
        self.again_after_a_crash(lambda: reinstate_payers(world.store, world.policy, world.clock, world.letters))

    def again_after_a_crash(self, flow: Callable[[], object]) -> None:
        try:
            flow()
        except Crash:
            self.letters.today = 0
            flow()

    def state(self, name: str) -> str:
        return str(seeds.fetch(self.world.db, billing.invoices, invoice_id=name)[0]["state"])

    def collect(self) -> None:
        """The retries that were asked for are made, and declined."""
        for row in seeds.fetch(self.world.db, stripe.collections):
            if row["invoice_id"] in self.fates and row["retry_at"] and not row["closed_at"]:
                key = f"{row['invoice_id']}:{self.world.clock.now()}"
                seeds.add(
                    self.world.db, stripe.stripe_attempts, operation="confirm", subject=f"{row['invoice_id']}#1",
                    attempt=row["failures"] + 1, outcome="declined", idempotency_key=key, api_version="v", request_json="{}",
                    method_path="post /", started_at=self.world.clock.now(), lease_until=self.world.clock.now(),
                    fingerprint=f"fp_pm_{self.account}", outcome_at=self.world.clock.now(),
                )  # fmt: skip
                self.world.decline_again(row["invoice_id"])

    def write_off(self) -> None:
        """The facts that end invoices are applied."""
        for fact in seeds.fetch(self.world.db, stripe.inbox, type="invoice.given_up"):
            if fact["object_id"] in self.fates and self.state(fact["object_id"]) == "overdue":
                written = {"state": "written_off", "written_off_at": self.world.clock.now()}
                seeds.change(self.world.db, billing.invoices, fact["object_id"], **written)

    def steps(self) -> list[dict[str, object]]:
        rows = seeds.fetch(self.world.db, control.dunning_steps)
        return [row for row in rows if row["invoice_id"] in self.fates]

    def late_day(self, at: datetime) -> int:
        return (at - self.world.day(0).clock.now()).days


def live(months: Months, silent: set[int], closed: set[int]) -> None:
    for late_days in range(1, DAYS):
        months.day(late_days, silent=late_days in silent, closed=late_days in closed)


def nobody_was_dunned_wrongly(months: Months, silent: set[int], closed: set[int]) -> None:
    """Not while Stripe had the money or it was under way, not without an answer, not through a closed gate."""
    for row in months.steps():
        on = months.late_day(row["taken_at"])  # type: ignore[arg-type]
        if row["action"] != "reinstate":
            assert months.fates[str(row["invoice_id"])].status(on) not in UNDER_WAY
            assert on not in silent
            assert on not in closed


def budgets_were_kept(months: Months) -> None:
    """Tries per card and per invoice, messages per customer; no step and no letter twice."""
    steps, db = months.steps(), months.world.db
    caps = months.world.policy.caps
    card = f"fp_pm_{months.account}"
    tries = [row["started_at"] for row in seeds.fetch(db, stripe.stripe_attempts, fingerprint=card)]
    letters = seeds.fetch(db, control.messages, account_id=months.account)
    asking = sorted(row["queued_at"] for row in letters if row["template"] != "reinstated")
    mails = [row["queued_at"] for row in letters if row["template"] in MAILS]
    retried = Counter(row["invoice_id"] for row in steps if row["action"] == "retry")

    assert all(sum(at - MONTH < other <= at for other in tries) <= caps.attempts_per_card_30_days_max for at in tries)
    assert all(sum(at - WEEK < other < at for other in asking) < caps.notices_per_customer_7_days_max for at in mails)
    assert all(count <= caps.retries_per_invoice_max for count in retried.values())
    assert len({(row["invoice_id"], row["step"]) for row in steps}) == len(steps)
    assert len(letters) <= len([row for row in steps if row["action"] != "retry"])


def everything_ended(months: Months) -> None:
    """Every invoice is paid or written off, and every customer who paid everything got the service back."""
    steps, everybody_paid = months.steps(), all(one.pays_on is not None for one in months.fates.values())
    for name, fate in months.fates.items():
        suspended = [row for row in steps if row["invoice_id"] == name and row["action"] == "suspend"]
        returned = [row for row in steps if row["invoice_id"] == name and row["action"] == "reinstate"]
        assert months.state(name) == ("written_off" if fate.pays_on is None else "paid")
        assert len(returned) == len(suspended) or not everybody_paid


stories = given(invoices=st.lists(fates, min_size=1, max_size=3), silent=days, closed=days, dies_on=days)


@pytest.mark.slow
@stories
@example(invoices=[Fate(40, 1, 99, "lost_card", 4900)], silent=set(), closed={5}, dies_on={2})
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_through_months_of_faults_nobody_is_dunned_wrongly_and_everything_ends(
    db: Database, invoices: list[Fate], silent: set[int], closed: set[int], dies_on: set[int]
):
    months = Months(db, invoices, dies_on)

    live(months, silent, closed)

    nobody_was_dunned_wrongly(months, silent, closed)
    budgets_were_kept(months)
    everything_ended(months)


@pytest.mark.soak
@stories
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), phases=(Phase.generate,))
def test_through_many_months_of_faults_nobody_is_dunned_wrongly_and_everything_ends(
    cluster: Cluster, template: str, invoices: list[Fate], silent: set[int], closed: set[int], dies_on: set[int]
):
    name = cluster.create(template)
    db = Database(cluster.url(name))
    months = Months(db, invoices, dies_on)

    live(months, silent, closed)

    nobody_was_dunned_wrongly(months, silent, closed)
    budgets_were_kept(months)
    everything_ended(months)
    db.close()
    cluster.drop(name)
