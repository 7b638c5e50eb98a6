"""A subscription's life on both sides, step by step in virtual time, and what must hold whenever it is quiet."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stripe_gateway import StripeGateway
from billing_pipeline.adapters.tables import billing
from billing_pipeline.domain.errors import BillingError
from billing_pipeline.domain.ids import IdempotencyKey, SubscriptionId
from billing_pipeline.domain.mirror import Wanted, goal
from billing_pipeline.domain.mirror_requests import differences, moment, seen
from billing_pipeline.domain.stripe_billing import is_credit
from billing_pipeline.flows.ports import Reply, Request
from billing_pipeline.flows.take_over import plan_give_back, plan_takeover
from stripe_simulator import Simulator
from tests.mirroring import MirrorDesk, mirror_customer, open_mirror_desk
from tests.seeds import fetch, insert_price, insert_subscription

Step = tuple[str, int]
QUIET_TICKS = 4
LATEST = timedelta(hours=25)


class Crash(BaseException):
    """The process died."""


@dataclass(slots=True)
class Dying:
    """A gateway that dies at a call: before it is sent, or after Stripe has done it."""

    inner: StripeGateway
    calls_left: int = -1
    after: bool = False
    api_version: str = StripeGateway.api_version

    def send(self, request: Request, key: IdempotencyKey) -> Reply:
        self.calls_left -= 1
        if self.calls_left == 0 and not self.after:
            raise Crash
        reply = self.inner.send(request, key)
        if self.calls_left == 0:
            raise Crash
        return reply

    def read(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        return self.inner.read(path, params)

    def pages(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        return self.inner.pages(path, params)


@dataclass(slots=True)
class Life:
    """The story so far. steps: what happened, for a failing test to tell."""

    desk: MirrorDesk
    dying: Dying
    steps: list[str] = field(default_factory=list)

    def take(self, step: Step) -> None:
        """Let one thing happen, then look whether all is well."""
        name, number = step
        self.steps.append(f"{self.desk.clock.now():%d %b %H:%M} {name} {number}")
        getattr(self, name)(number)

    def pass_days(self, number: int) -> None:
        """Time passes, the schedules run around every boundary and every few days."""
        end = self.desk.clock.now() + timedelta(days=number, hours=number % 5)
        while self.desk.clock.now() < end:
            self.desk.until(min(end, self.next_moment()))
            self.tick()
        self.quiet()

    def next_moment(self) -> datetime:
        """When the schedules run next: before, at and after the boundary, else in three days."""
        now, boundary = self.desk.clock.now(), self.desk.ours()["next_period_start"]
        around = [boundary + offset for offset in OFFSETS] if boundary else []
        return min([now + timedelta(days=3), *(at for at in around if at > now)])

    def tick(self) -> None:
        """One round of the schedules; a crash is followed by the next round."""
        self.survive(self.desk.tick)

    def survive(self, deed: Callable[[], object]) -> None:
        """Do it; after a crash do it again."""
        try:
            deed()
        except Crash:
            self.dying.calls_left = -1
            deed()

    def ask(self, number: int) -> None:
        """Somebody changes the subscription here; what it cannot take is refused."""
        kind, wish, timing = WISHES[number % len(WISHES)]
        try:
            self.desk.ask(kind, dict(wish), timing)
        except BillingError as error:
            self.steps[-1] += f" ({error})"
        self.tick()

    def edit(self, number: int) -> None:
        """Somebody changes the mirror in Stripe's dashboard, and the next tick follows."""
        self.desk.sim.faults.clear()  # whoever sits there clicks again
        ours = self.desk.ours()
        if ours["stripe_subscription_id"] is None or self.desk.theirs()["status"] == "canceled":
            return
        item = self.desk.item()["id"]
        edits: list[dict[str, Any]] = [
            {"pause_collection": ""} if ours["charger"] == "engine" else {"metadata": {"seen": "1"}},
            {"items": [{"id": item, "quantity": 2 + number % 7}], "proration_behavior": "none"},
            {"cancel_at_period_end": number % 2 == 0},
        ]
        self.desk.client.subscriptions.update(ours["stripe_subscription_id"], edits[number % 3])
        self.tick()

    def plan(self, number: int) -> None:
        """Finance wants Stripe to bill; a crash then is a command that somebody types again."""
        self.survive(lambda: plan_takeover(self.desk.takeover, "ann", cycles=number % 2))

    def give_back(self, number: int) -> None:
        """Finance wants the engine to bill."""
        plan_give_back(self.desk.takeover, "ann")

    def fault(self, number: int) -> None:
        """The next calls about subscriptions go wrong."""
        kind = ("drop_before", "drop_after", "error_before", "error_after", "truncate", "rate_limited")[number % 6]
        self.desk.fault(kind, method=("post", "delete")[number % 5 == 0], times=1 + number % 2)

    def crash(self, number: int) -> None:
        """The process will die at one of its next calls."""
        self.dying.calls_left, self.dying.after = 1 + number % 3, number % 2 == 0

    def quiet(self) -> None:
        """No more faults, a little time, and everything agrees."""
        self.dying.calls_left = -1
        self.desk.sim.faults.clear()
        for _ in range(QUIET_TICKS):
            self.desk.pass_time(minutes=21)
            self.tick()
        self.check()

    def check(self) -> None:
        """What must hold at every quiet point."""
        assert not self.two_chargers(), self.told()
        assert not self.late(), self.told()
        assert not self.disagreements(), (self.disagreements(), self.told())

    def two_chargers(self) -> list[Any]:
        """Periods that Stripe billed and the engine, or nobody, stands for."""
        tiles = {row["period_start"]: row["charger"] for row in fetch(self.desk.db, billing.billed_periods)}
        billed = [
            moment(max(line["period"]["start"] for line in one["lines"]["data"] if not is_credit(line)))
            for one in self.desk.sim.objects("invoice")
            if one["status"] in ("open", "paid") and one["amount_due"] and one["billing_reason"] == "subscription_cycle"
        ]
        return [start for start in billed if tiles.get(start) != "stripe"] + (
            [billed] if len(set(billed)) < len(billed) else []
        )

    def late(self) -> bool:
        """Whether a boundary passed more than 25 hours ago and nobody has billed it."""
        ours = self.desk.ours()
        boundary = ours["next_period_start"]
        return boundary is not None and ours["parked_reason"] is None and self.desk.clock.now() - boundary > LATEST

    def disagreements(self) -> dict[str, str]:
        """In what mirror and ledger differ; nothing while there is no mirror yet or a person has to decide."""
        case = self.desk.store.mirror_case(SubscriptionId("s1"))
        if case is None or case.subscription is None or not case.mirrored.alive or self.desk.store.open_proposals(9):
            return {}
        want = goal(case.subscription, case.links, case.mirrored, case.last, self.desk.clock.now(), "billing")
        there = seen(self.desk.theirs())
        if not isinstance(want, Wanted):
            return {"mirror": str(want)}
        return {} if case.switching else {str(aspect): words for aspect, words in differences(there, want).items()}

    def told(self) -> str:
        """The story, for whoever reads a failure."""
        ours = self.desk.ours()
        shown = ("state", "charger", "mirror_state", "mirror_reason", "next_period_start")
        return "\n".join([*self.steps, str({name: ours[name] for name in shown})])


OFFSETS = (timedelta(hours=-2), timedelta(minutes=20), timedelta(hours=3), timedelta(hours=21))
WISHES: list[tuple[Any, dict[str, Any], Any]] = [
    ("quantity", {"quantity": 5}, "now"), ("swap", {"price_id": "better", "quantity": 2}, "now"), ("pause", {}, "now"),
    ("resume", {}, "now"), ("cancel", {}, "period_end"), ("keep", {}, "now"), ("quantity", {"quantity": 1}, "period_end"),
    ("swap", {"price_id": "team", "quantity": 4}, "now"), ("suspend", {}, "now"), ("reinstate", {}, "now"),
    ("cancel", {}, "now"), ("start", {}, "now"), ("convert", {}, "now"),
]  # fmt: skip


def begin(db: Database, sim: Simulator, *, trial: bool) -> Life:
    """Three seats from the first of January on, or on trial until the fifteenth."""
    plain = open_mirror_desk(db, sim)
    dying = Dying(plain.gateway)
    desk = MirrorDesk(db, sim, dying, plain.policy)  # type: ignore[arg-type]
    mirror_customer(desk)
    insert_price(db, "team", "team", scheme="per_unit", unit_minor=1200)
    insert_price(db, "better", "team", scheme="per_unit", unit_minor=1799)
    ends = desk.clock.now() + timedelta(days=14)
    on_trial: dict[str, Any] = {
        "state": "trialing",
        "trial_end": ends,
        "next_period_start": ends,
        "anchor_on": ends.date(),
    }
    insert_subscription(db, price_id="team", quantity=3, **(on_trial if trial else {}))
    desk.bill()
    desk.catalog()
    life = Life(desk, dying)
    life.tick()
    assert desk.ours()["mirror_state"] == "held"  # else the story would be about nothing
    return life
