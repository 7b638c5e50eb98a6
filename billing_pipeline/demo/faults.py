"""What goes wrong in the demo's last days: one of each known kind, made behind the pipeline's back.

Each injection says what reconciliation must find. Changes at Stripe are made while its events are lost, so that only the
sweep can notice them; changes in our own books are what a careless hand would do in SQL.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from billing_pipeline.adapters.stores.document_store import DocumentStore
from billing_pipeline.adapters.stores.journal import write_entries
from billing_pipeline.bootstrap import World
from billing_pipeline.demo.bank import Bank
from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ids import IdempotencyKey, InvoiceId
from billing_pipeline.domain.ledger import Entry, LedgerAccount, postings
from billing_pipeline.domain.requests import post
from billing_pipeline.flows.issue_credit_note import Wish, issue_credit_note
from stripe_simulator import control

RECENT: Final = timedelta(days=6)  # what extraction lists again every day
VICTIMS_MAX: Final = 30  # eight payers are needed; some are not settled yet, or taken
LATE: Final = "settlement_late"
LATE_SECONDS: Final = 30 * 86_400  # well past the end of the story
STRAY_MINOR: Final = 12_345
GHOST_MINOR: Final = 4_900


class NobodyLeft(Exception):
    """A fault that needs a paid or an unpaid invoice found none: the company is too small or too well paid."""


@dataclass(slots=True)
class Scene:
    """Whom it happens to. Each victim is used once, so that one fault hides no other."""

    world: World
    address: str
    bank: Bank
    paid: list[Any]
    unpaid: list[Any]
    mirrors: list[Any]
    injected: dict[str, str] = field(default_factory=dict)

    def payer(self) -> Any:
        """A payment that nothing has happened to yet."""
        return one_of(self.paid)

    def fresh_payer(self) -> Any:
        """A payment whose money Stripe has not made available yet."""
        now = self.world.clock.now()
        one = one_of([payment for payment in self.paid if payment.available_on > now])
        self.paid.remove(one)
        return one

    def debtor(self) -> Any:
        """An overdue invoice whose card was declined."""
        return one_of(self.unpaid)

    def drift(self, what: str, **arguments: Any) -> Any:
        """Something happens at Stripe without us."""
        return control.drift(self.address, what, **arguments)


def inject(world: World, bank: Bank) -> dict[str, str]:
    """Everything goes wrong once; kind of divergence -> how it was made. What finds no victim is left out."""
    if world.simulator is None:
        raise Broken("faults are injected into the simulator only: unset STRIPE_SECRET_KEY")
    scene = scene_of(world, world.simulator, bank)
    with events_lost(world.simulator):
        for kind, (how, spoil) in FAULTS.items():
            with suppress(NobodyLeft):
                spoil(scene)
                scene.injected[kind] = how
    drop_next_reply(world.simulator)
    return scene.injected | {"unknown_outcome": "the reply to a charge is lost on the way"}


def scene_of(world: World, address: str, bank: Bank) -> Scene:
    """Everybody to whom something can happen; no account is there twice, and payments not settled yet are left alone."""
    unpaid = list(world.db.rows("demo/unpaid", limit=5))
    since = world.clock.now() - RECENT
    recent = world.db.rows("demo/victims", since=since, currency="usd", limit=VICTIMS_MAX)
    debtors = {row.account_id for row in unpaid}
    paid = [row for row in recent if row.available_on and row.account_id not in debtors]
    taken = debtors | {row.account_id for row in paid}
    mirrors = [row for row in world.db.rows("demo/mirrors", limit=VICTIMS_MAX) if row.account_id not in taken]
    return Scene(world, address, bank, paid, unpaid, mirrors)


def delay_settlement(world: World, until: datetime) -> None:
    """The charge of somebody billed before `until` gets no balance transaction for a month.

    Ordered days before the rest, because a charge counts as late after two days.
    """
    for due in world.db.rows("demo/due", until=until, limit=1) if world.simulator else ():
        control.fault(str(world.simulator), LATE, customer=due.stripe_customer_id, seconds=LATE_SECONDS)


def delayed(world: World) -> dict[str, str]:
    """Kind of divergence -> how it was made, when the charge came; none is delayed from now on."""
    if not world.simulator:
        return {}
    struck = any(one["struck"] for one in control.faults(world.simulator) if one["fault"]["kind"] == LATE)
    control.clear_faults(world.simulator)
    return {"late_settlement": "a charge that Stripe does not settle"} if struck else {}


def one_of(victims: list[Any]) -> Any:
    """One of them, who is then no longer available."""
    if not victims:
        raise NobodyLeft
    return victims.pop()


@contextmanager
def events_lost(address: str) -> Iterator[None]:
    """While inside, Stripe generates no event."""
    control.fault(address, "event_never", times=0)
    yield
    control.clear_faults(address)


def drop_next_reply(address: str) -> None:
    """The next charge happens, but its answer never arrives."""
    control.fault(address, "drop_after", method="post", path="/v1/payment_intents")


def ghost_entry(scene: Scene) -> None:
    """A payment in the books that Stripe never had."""
    now = scene.world.clock.now()
    sides = postings(
        (LedgerAccount.STRIPE_PENDING, GHOST_MINOR, None), (LedgerAccount.UNAPPLIED_CASH, -GHOST_MINOR, None)
    )
    entry = Entry("payment:ch_ghost", "payment", Currency("usd"), now, now.date(), sides, note="typed by hand")
    write_entries(scene.world.db, [entry], run_id="demo", recorded_at=now)


def unseen_payment(scene: Scene) -> None:
    """The customer pays an overdue invoice in a way that tells us nothing."""
    late = scene.debtor()
    metadata = {"invoice_id": late.invoice_id, "account_id": late.account_id, "seq": "1", "environment": "billing"}
    scene.drift(
        "orphan_payment_intent", customer=late.stripe_customer_id, amount=late.amount_minor, currency=late.currency,
        metadata=metadata,
    )  # fmt: skip


def second_payment(scene: Scene) -> None:
    """A paid invoice is paid once more."""
    one = scene.payer()
    metadata = {"invoice_id": one.invoice_id, "account_id": one.account_id, "seq": "2", "environment": "billing"}
    scene.drift(
        "orphan_payment_intent", customer=one.stripe_customer_id, amount=one.amount_minor, currency="usd",
        metadata=metadata,
    )  # fmt: skip


def stranger(scene: Scene) -> None:
    """Somebody charges a customer of ours from the dashboard, for something we know nothing of."""
    one = scene.payer()
    scene.drift("orphan_payment_intent", customer=one.stripe_customer_id, amount=1_500, currency="usd")


def paid_after_void(scene: Scene) -> None:
    """An invoice is voided, and its customer pays it all the same."""
    late, world = scene.debtor(), scene.world
    wish = Wish(InvoiceId(late.invoice_id), "the customer never asked for it", "demo")
    issue_credit_note(DocumentStore(world.db), world.clock, wish, zone=world.settings.zone)
    metadata = {"invoice_id": late.invoice_id, "account_id": late.account_id, "seq": "1", "environment": "billing"}
    scene.drift(
        "orphan_payment_intent", customer=late.stripe_customer_id, amount=late.amount_minor, currency=late.currency,
        metadata=metadata,
    )  # fmt: skip


def bank_line(scene: Scene) -> None:
    """The bank shows money that no payout explains."""
    scene.bank.stray["usd"] = STRAY_MINOR


def loose_mirror(scene: Scene) -> None:
    """Somebody lets a mirror charge again."""
    edit_mirror(scene, lambda mirror: {"pause_collection": ""})


def edited_mirror(scene: Scene) -> None:
    """Somebody changes a quantity in the dashboard."""
    edit_mirror(
        scene, lambda mirror: {"items": [{"id": mirror.stripe_item_id, "quantity": 77}], "proration_behavior": "none"}
    )


def edit_mirror(scene: Scene, change: Callable[[Any], dict[str, Any]]) -> None:
    """What a person does in the dashboard; the simulator takes it over its API."""
    mirror = one_of(scene.mirrors)
    name = mirror.stripe_subscription_id
    scene.world.gateway.send(post(f"/v1/subscriptions/{name}", change(mirror)), IdempotencyKey(f"dashboard:{name}"))


Spoil = Callable[[Scene], object]

FAULTS: Final[dict[str, tuple[str, Spoil]]] = {
    "missing_in_stripe": ("a payment typed into the books", ghost_entry),
    "missing_in_ledger": ("an overdue invoice paid unseen", unseen_payment),
    "amount": (
        "an intent's amount differs",
        lambda s: s.drift("change_amount", intent_id=s.payer().payment_intent_id),
    ),
    "currency": (
        "a payment filed as francs",
        lambda s: s.world.db.run("demo/spoil_currency", payment_id=s.payer().payment_id),
    ),
    "status": (
        "an intent canceled by hand",
        lambda s: s.drift("cancel_payment_intent", intent_id=s.debtor().payment_intent_id),
    ),
    "duplicate_charge": ("a paid invoice paid again", second_payment),
    "unapplied_payment": ("a voided invoice is paid", paid_after_void),
    "refund_mismatch": ("a refund in the dashboard", lambda s: s.drift("refund", charge_id=s.payer().charge_id)),
    "dispute_unbooked": ("a cardholder disputes", lambda s: s.drift("dispute", charge_id=s.payer().charge_id)),
    "fee_unbooked": (
        "Stripe's fee grows afterwards",
        lambda s: s.drift("change_fee", charge_id=s.fresh_payer().charge_id),
    ),
    "payout_mismatch": ("a payout filed with a wrong amount", lambda s: s.world.db.rows("demo/spoil_payout")),
    "payout_failed_after_paid": (
        "a payout comes back",
        lambda s: s.drift("fail_payout", payout_id=s.world.db.rows("demo/paid_payout")[0].payout_id),
    ),
    "bank_line_unmatched": ("a bank line without payout", bank_line),
    "customer_deleted": (
        "a customer deleted in the dashboard",
        lambda s: s.drift("delete_customer", customer_id=s.payer().stripe_customer_id),
    ),
    "unheld_mirror": ("a mirror let loose in the dashboard", loose_mirror),
    "mirror_drift": ("a quantity changed in the dashboard", edited_mirror),
    "orphan_object": ("a charge we know nothing of", stranger),
}
"""Kind of divergence -> (how it is made, in words; what makes it)."""
