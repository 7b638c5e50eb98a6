"""Months of dunning with faults: what must never happen does not, and every invoice comes to an end."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.tables import billing, catalog, control, stripe
from billing_pipeline.flows.ports.dunning import Letter, Notice
from billing_pipeline.flows.reinstate_payers import reinstate_payers
from tests import seeds
from tests.dunning_world import World

DAYS = 160  # longer than the longest ladder, with its grace and a few closed gates
UNDER_WAY = {"processing", "succeeded"}
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


@pytest.mark.slow
@given(invoices=st.lists(fates, min_size=1, max_size=3), silent=days, closed=days, dies_on=days)
@example(invoices=[Fate(40, 1, 99, "lost_card", 4900)], silent=set(), closed={5}, dies_on={2})
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_through_months_of_faults_nobody_is_dunned_wrongly_and_everything_ends(
    db: Database, invoices: list[Fate], silent: set[int], closed: set[int], dies_on: set[int]
):
    months = Months(db, invoices, dies_on)

    for late_days in range(1, DAYS):
        months.day(late_days, silent=late_days in silent, closed=late_days in closed)

    steps = months.steps()
    acts = [row for row in steps if row["action"] != "reinstate"]
    for row in acts:
        on = months.late_day(row["taken_at"])  # type: ignore[arg-type]
        assert months.fates[str(row["invoice_id"])].status(on) not in UNDER_WAY
        assert on not in silent
        assert on not in closed
    card = f"fp_pm_{months.account}"
    tries = sorted(row["started_at"] for row in seeds.fetch(db, stripe.stripe_attempts, fingerprint=card))
    assert all(sum(at - timedelta(days=30) < other <= at for other in tries) <= 15 for at in tries)
    for name, fate in months.fates.items():
        taken = [row for row in acts if row["invoice_id"] == name]
        assert sum(row["action"] == "retry" for row in taken) <= 8
        assert months.state(name) == ("written_off" if fate.pays_on is None else "paid")
        suspended = [row for row in taken if row["action"] == "suspend"]
        returned = [row for row in steps if row["invoice_id"] == name and row["action"] == "reinstate"]
        everybody_paid = all(one.pays_on is not None for one in months.fates.values())
        assert len(returned) == (len(suspended) if everybody_paid else len(returned))
    letters = [row for row in seeds.fetch(db, control.messages) if row["account_id"] == months.account]
    assert len(letters) <= len([row for row in steps if row["action"] != "retry"])
