"""The safety net below the ingest process: poll what no webhook told, apply what still waits, settle what is unknown.

All work inside the tick and report a materialization; none starts a run per event. The truth is in the inbox and its
high-water mark; the cursor only says what the last tick did.
"""

import dagster as dg

from assets.collection import payment_intents
from assets.events import invoice_states, stripe_events
from assets.summaries import metadata_of
from billing_pipeline import operations
from resources import BillingResource
from sensors.defaults import READING, TICK_SECONDS, seconds_between_polls

DRAIN_SECONDS = TICK_SECONDS - 1  # at every tick: with sensors alone a delivery becomes state well within 15 seconds
SETTLE_SECONDS = 60  # one settle cycle
ATTEMPTS_PER_TICK = 100  # a few seconds with Stripe well; the lease keeps the rest for the next tick
MESSAGES_PER_TICK, HOOKS_PER_TICK = 1, 2  # 50 seconds where every server is dead; the ingest process carries the many
FACTS_PER_TICK = 2_000  # under a second of work, far from the tick's 60-second limit
POLLED = [stripe_events, invoice_states]


@dg.sensor(minimum_interval_seconds=seconds_between_polls(), default_status=READING, target=POLLED)
def stripe_events_poll(
    context: dg.SensorEvaluationContext, billing: BillingResource
) -> dg.SensorResult | dg.SkipReason:
    """Stripe's events since the last poll go into the inbox and are applied at once, not a tick later.

    Needed where no webhook arrives, harmless where one does.
    """
    with billing.world() as world:
        done = operations.poll(world, unless_polled=True)
        if not done.new:
            return dg.SkipReason(f"{done.events} events seen before, none new")
        applied = operations.apply(world, limit=FACTS_PER_TICK)
    told = [
        dg.AssetMaterialization(stripe_events.key, metadata=metadata_of(done, done.new)),
        dg.AssetMaterialization(invoice_states.key, metadata=metadata_of(applied, applied.applied)),
    ]
    return dg.SensorResult(asset_events=told, cursor=f"{done.new} new events, {applied.applied} applied")


@dg.sensor(minimum_interval_seconds=DRAIN_SECONDS, default_status=READING, target=[invoice_states])
def webhook_inbox(context: dg.SensorEvaluationContext, billing: BillingResource) -> dg.SensorResult | dg.SkipReason:
    """Facts that wait in the inbox are applied: invoice states and journal entries follow.

    Payers are reinstated, whoever applied their payment, and messages and hooks that could not leave are tried again.
    """
    with billing.world() as world:
        done = operations.apply(world, limit=FACTS_PER_TICK)
        operations.carry(world, messages=MESSAGES_PER_TICK, hooks=HOOKS_PER_TICK)
    if not done.applied + done.dead:
        return dg.SkipReason("nothing waits in the inbox")
    told = dg.AssetMaterialization(invoice_states.key, metadata=metadata_of(done, done.applied))
    return dg.SensorResult(asset_events=[told], cursor=f"{done.applied} applied, {done.dead} dead")


@dg.sensor(minimum_interval_seconds=SETTLE_SECONDS, default_status=READING, target=[payment_intents])
def unknown_outcomes(context: dg.SensorEvaluationContext, billing: BillingResource) -> dg.SensorResult | dg.SkipReason:
    """Calls to Stripe without a known end are asked for, or sent again under their key. Never a new charge."""
    with billing.world() as world:
        done = operations.settle(world, limit=ATTEMPTS_PER_TICK)
    if not done.resent + done.looked_up:
        return dg.SkipReason("the end of every call is known")
    told = dg.AssetMaterialization(payment_intents.key, metadata=metadata_of(done, done.settled))
    return dg.SensorResult(asset_events=[told], cursor=f"{done.settled} settled, {done.still_unknown} still unknown")
