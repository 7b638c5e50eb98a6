"""The flows that carry out what a repair cannot do by telling a fact, wired on a world."""

from billing_pipeline.adapters.stores.collection_store import CollectionStore
from billing_pipeline.adapters.stores.refund_store import RefundStore
from billing_pipeline.bootstrap import World
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ids import PaymentId
from billing_pipeline.domain.repairs import RepairKind
from billing_pipeline.flows.ports import Clock
from billing_pipeline.flows.ports.reconciliation import StoredRepair
from billing_pipeline.flows.repair_divergences import Hands
from billing_pipeline.flows.request_refunds import RefundWish, approve_refund, request_refund
from billing_pipeline.flows.settle_unknowns import settle_unknowns
from billing_pipeline.sync_parts import sync_parts


def hands_of(world: World) -> Hands:
    """What settles an attempt, holds a mirror, and asks for a refund, each saying what it did."""

    def settle(_: StoredRepair) -> str:
        done = settle_unknowns(CollectionStore(world.db), world.gateway, world.clock)
        return f"asked Stripe: {done.settled} settled, {done.still_unknown} still unknown"

    def hold(stored: StoredRepair) -> str:
        return sync_parts(world).hold(stored.repair)

    def refund(stored: StoredRepair) -> str:
        return give_back(RefundStore(world.db), world.clock, stored)

    return {
        RepairKind.SETTLE_ATTEMPT: settle,
        RepairKind.HOLD_MIRROR: hold,
        RepairKind.REFUND_DUPLICATE: refund,
    }


def give_back(store: RefundStore, clock: Clock, stored: StoredRepair) -> str:
    """What was asked for: of the later payment what was paid too much, and no more than it has left.

    Raises Broken where nobody has approved it, or the payment has nothing left.
    """
    if stored.approved_by is None:
        raise Broken(f"repair {stored.repair_id} gives money back: somebody must approve it")
    payment = PaymentId(stored.repair.object_id)
    with store.transaction():
        known = store.lock_payment(payment)
        minor = min(stored.repair.amount_minor, known.refundable.minor) if known else None
        wish = RefundWish(payment, minor, "card", "duplicate", stored.requested_by, f"repair {stored.repair_id}")
        name, amount = request_refund(store, clock, wish)
        approve_refund(store, clock, name, stored.approved_by)
    return f"asked to give {amount} back: {name}"
