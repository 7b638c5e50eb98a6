"""A customer's years on both sides, step by step in virtual time, and what must hold whenever it is quiet."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.document_store import DocumentStore
from billing_pipeline.adapters.stripe_gateway import StripeGateway
from billing_pipeline.adapters.tables import billing, catalog
from billing_pipeline.domain.errors import BillingError
from billing_pipeline.domain.ids import AccountId, IdempotencyKey
from billing_pipeline.flows.follow_edits import decide_proposal
from billing_pipeline.flows.ports import Reply, Request
from billing_pipeline.flows.record_credit import CreditWish, record_credit
from billing_pipeline.flows.take_over import plan_give_back, plan_takeover
from stripe_simulator import Simulator
from tests.mirroring import MirrorDesk, mirror_customer, open_mirror_desk
from tests.seeds import fetch, insert_price, insert_subscription
from tests.story.mirror_checks import faults_of

Step = tuple[str, int]
QUIET_TICKS = 4


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
    """The story so far. name: the subscription that lives now. steps: what happened, for a failing test to tell."""

    desk: MirrorDesk
    dying: Dying
    name: str = "s1"
    steps: list[str] = field(default_factory=list)

    def take(self, step: Step) -> None:
        """Let one thing happen, then look whether all is well."""
        name, number = step
        self.steps.append(f"{self.desk.clock.now():%Y %d %b %H:%M} {name} {number}")
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
        now, boundary = self.desk.clock.now(), self.ours()["next_period_start"]
        around = [boundary + offset for offset in OFFSETS] if boundary else []
        return min([now + timedelta(days=3), *(at for at in around if at > now)])

    def ours(self) -> dict[str, Any]:
        """The subscription that lives now."""
        return self.desk.ours(self.name)

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
        if self.ours()["state"] == "canceled" and number % 3:
            return self.sign_up(number)
        try:
            self.desk.ask(kind, self.worded(kind, wish), timing, self.name)
        except BillingError as error:
            self.steps[-1] += f" ({error})"
        return self.tick()

    def worded(self, kind: str, wish: dict[str, Any]) -> dict[str, Any]:
        """The wish with its moment, where it names one."""
        if kind != "trial":
            return dict(wish)
        return {"trial_end": (self.desk.clock.now() + timedelta(days=wish["days"])).isoformat()}

    def sign_up(self, number: int) -> None:
        """The customer comes back with another subscription, on trial or not."""
        self.name = f"s{int(self.name[1:]) + 1}"
        subscribe(self.desk, self.name, trial=number % 2 == 0)
        self.tick()

    def edit(self, number: int) -> None:
        """Somebody changes the mirror in Stripe's dashboard, and the next tick follows."""
        self.desk.sim.faults.clear()  # whoever sits there clicks again
        ours = self.ours()
        if ours["stripe_subscription_id"] is None or self.desk.theirs(self.name)["status"] == "canceled":
            return
        item = self.desk.item(self.name)["id"]
        edits: list[dict[str, Any]] = [
            {"pause_collection": ""} if ours["charger"] == "engine" else {"metadata": {"seen": "1"}},
            {"items": [{"id": item, "quantity": 2 + number % 7}], "proration_behavior": "none"},
            {"cancel_at_period_end": number % 2 == 0},
            {"items": [{"id": item, "price": self.price("better"), "quantity": 3}], "proration_behavior": "none"},
        ]
        if number == GONE:
            self.desk.client.subscriptions.cancel(ours["stripe_subscription_id"])
        else:
            self.desk.client.subscriptions.update(ours["stripe_subscription_id"], edits[number % len(edits)])
        self.tick()

    def price(self, price_id: str) -> str:
        """Stripe's id of a price of ours."""
        (row,) = fetch(self.desk.db, catalog.prices, price_id=price_id)
        return str(row["stripe_price_id"])

    def decide(self, number: int) -> None:
        """A person answers what waits for an answer."""
        for one in self.desk.store.open_proposals(9):
            decide_proposal(self.desk.store, self.desk.clock, one.proposal_id, accept=number % 2 == 0, who="ann")
        self.tick()

    def grant(self, number: int) -> None:
        """The customer gets a credit, bought or given away."""
        kind = "purchased" if number % 2 else "promotional"
        wish = CreditWish(AccountId("acme"), kind, 137 * (number + 1), f"g{len(self.steps)}")
        record_credit(DocumentStore(self.desk.db), self.desk.clock, wish)

    def card(self, number: int) -> None:
        """The customer's card is refused from now on, or is good again."""
        (card,) = self.desk.sim.objects("payment_method")
        code = "insufficient_funds" if number % 3 == 0 else ""
        self.desk.client.payment_methods.update(card["id"], {"metadata": {"sim_decline_code": code}})

    def judge(self, number: int) -> None:
        """Somebody voids what Stripe could not collect, or gives it up."""
        self.desk.sim.faults.clear()
        for one in self.desk.sim.objects("invoice"):
            if one["status"] == "open":
                end = (
                    self.desk.client.invoices.void_invoice
                    if number % 2
                    else self.desk.client.invoices.mark_uncollectible
                )
                end(one["id"])
        self.tick()

    def plan(self, number: int) -> None:
        """Finance wants Stripe to bill; a crash then is a command that somebody types again."""
        self.survive(lambda: plan_takeover(self.desk.takeover, "ann", cycles=number % 2))

    def give_back(self, number: int) -> None:
        """Finance wants the engine to bill."""
        plan_give_back(self.desk.takeover, "ann")

    def fault(self, number: int) -> None:
        """The next calls about subscriptions or invoices go wrong."""
        kind = ("drop_before", "drop_after", "error_before", "error_after", "truncate", "rate_limited")[number % 6]
        path = ("/v1/subscriptions*", "/v1/invoice*")[number % 4 == 3]
        method = ("post", "delete")[number % 5 == 0]
        self.desk.fault(kind, path=path, method=method, times=1 + number % 2)

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
        assert not (found := faults_of(self.desk)), (found, self.told())

    def told(self) -> str:
        """The story, for whoever reads a failure."""
        ours = self.ours()
        shown = ("state", "charger", "mirror_state", "mirror_reason", "next_period_start")
        return "\n".join([*self.steps, str({name: ours[name] for name in shown})])


GONE = 13
OFFSETS = (timedelta(hours=-2), timedelta(minutes=20), timedelta(hours=3), timedelta(hours=21))
WISHES: list[tuple[Any, dict[str, Any], Any]] = [
    ("quantity", {"quantity": 5}, "now"), ("swap", {"price_id": "better", "quantity": 2}, "now"), ("pause", {}, "now"),
    ("resume", {}, "now"), ("cancel", {}, "period_end"), ("keep", {}, "now"), ("quantity", {"quantity": 1}, "period_end"),
    ("swap", {"price_id": "team", "quantity": 4}, "now"), ("suspend", {}, "now"), ("reinstate", {}, "now"),
    ("cancel", {}, "now"), ("start", {}, "now"), ("convert", {}, "now"), ("trial", {"days": 20}, "now"),
]  # fmt: skip


def begin(db: Database, sim: Simulator, *, trial: bool) -> Life:
    """Three seats from the first of January on, or on trial until the fifteenth."""
    plain = open_mirror_desk(db, sim)
    dying = Dying(plain.gateway)
    desk = MirrorDesk(db, sim, dying, plain.policy)  # type: ignore[arg-type]
    mirror_customer(desk)
    insert_price(db, "team", "team", scheme="per_unit", unit_minor=1200)
    insert_price(db, "better", "team", scheme="per_unit", unit_minor=1799)
    subscribe(desk, "s1", trial=trial)
    desk.bill()
    desk.catalog()
    life = Life(desk, dying)
    life.tick()
    assert life.ours()["mirror_state"] == "held"  # else the story would be about nothing
    return life


def subscribe(desk: MirrorDesk, name: str, *, trial: bool) -> None:
    """Three seats from today on, or on trial for two weeks."""
    begins = desk.clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    starts = begins + timedelta(days=14) if trial else begins
    values: dict[str, Any] = {"started_at": begins, "next_period_start": starts, "anchor_on": starts.date()}
    if trial:
        values |= {"state": "trialing", "trial_end": starts}
    insert_subscription(desk.db, name, price_id="team", quantity=3, **values)


def chargers(life: Life) -> set[str]:
    """Everybody who charged in the story."""
    return {row["charger"] for row in fetch(life.desk.db, billing.billed_periods)}
