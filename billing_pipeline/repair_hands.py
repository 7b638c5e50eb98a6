"""The flows that carry out what a repair cannot do by telling a fact, wired on a world."""

from billing_pipeline.adapters.stores.collection_store import CollectionStore
from billing_pipeline.adapters.stores.refund_store import RefundStore
from billing_pipeline.bootstrap import World
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ids import PaymentId
from billing_pipeline.domain.repairs import RepairKind
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
        if stored.approved_by is None:
            raise Broken(f"repair {stored.repair_id} gives money back: somebody must approve it")
        store = RefundStore(world.db)
        wish = RefundWish(
            PaymentId(stored.repair.object_id),
            None,
            "card",
            "duplicate",
            stored.requested_by,
            f"repair {stored.repair_id}",
        )
        name, amount = request_refund(store, world.clock, wish)
        approve_refund(store, world.clock, name, stored.approved_by)
        return f"asked to give {amount} back: {name}"

    return {
        RepairKind.SETTLE_ATTEMPT: settle,
        RepairKind.HOLD_MIRROR: hold,
        RepairKind.REFUND_DUPLICATE: refund,
    }
