"""The parts that keep Stripe's catalogue and mirrors in step, wired: what commands and assets hand to their flows."""

from collections.abc import Sequence
from dataclasses import dataclass

from billing_pipeline.adapters.mirror_policy_file import read_mirror_policy
from billing_pipeline.adapters.stores.billing_store import BillingStore
from billing_pipeline.adapters.stores.sync_store import CatalogStore
from billing_pipeline.adapters.stores.takeover_store import TakeoverStore
from billing_pipeline.bootstrap import World
from billing_pipeline.domain.errors import TryLater
from billing_pipeline.domain.mirror_policy import MirrorPolicy
from billing_pipeline.domain.repairs import Repair
from billing_pipeline.flows.books import Errand
from billing_pipeline.flows.follow_stripe import Followed, follow_stripe
from billing_pipeline.flows.guard_mirrors import Guarded, guard_mirrors
from billing_pipeline.flows.rehearse import Desk
from billing_pipeline.flows.run_errands import ErrandsRun, run_errands
from billing_pipeline.flows.sync_catalog import CatalogSynced, sync_catalog
from billing_pipeline.flows.sync_subscriptions import Synced, sync_subscriptions
from billing_pipeline.flows.take_over import Switched, switch_due


@dataclass(frozen=True, slots=True)
class SyncParts:
    """Stores, policy and clock of a world; every method is one flow and returns its summary."""

    world: World
    store: TakeoverStore
    policy: MirrorPolicy
    desk: Desk

    def catalog(self) -> CatalogSynced:
        """Products, tax rates, coupons and prices as Stripe should list them."""
        return sync_catalog(CatalogStore(self.world.db), self.world.gateway, self.world.clock)

    def mirrors(self) -> Synced:
        """Every subscription's mirror is as it should be."""
        return sync_subscriptions(self.store, self.world.gateway, self.world.clock, self.policy)

    def guard(self) -> Guarded:
        """What could charge beside us is held."""
        return guard_mirrors(self.store, self.world.gateway, self.world.clock)

    def hold(self, repair: Repair) -> str:
        """What the guard did for a repair of kind hold_mirror. Raises TryLater while a mirror is still not held."""
        done = self.guard()
        if done.still_unheld:
            raise TryLater(f"{done.still_unheld} mirrors could not be held yet, {repair.object_id} may be one of them")
        return f"held {done.held_again} mirrors again, voided {done.voided} of their invoices"

    def follow(self) -> Followed:
        """What Stripe billed by itself is in the books."""
        return follow_stripe(self.desk)

    def errands(self, errands: Sequence[Errand], threads: int) -> ErrandsRun:
        """What facts asked for is done in Stripe."""
        return run_errands(self.desk, errands, threads=threads)

    def switch(self) -> Switched:
        """Plans whose window has come are carried out."""
        return switch_due(self.desk)


def sync_parts(world: World) -> SyncParts:
    """The parts that the settings describe. Raises Broken when the policy is wrong."""
    store = TakeoverStore(world.db)
    desk = Desk(store, BillingStore(world.db), world.gateway, world.clock, world.settings.time_zone)
    return SyncParts(world, store, read_mirror_policy(world.settings.policies), desk)
