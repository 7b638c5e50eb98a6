"""The pipeline's world as a Dagster resource. Configuration comes from the environment, never from run config."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from billing_pipeline.bootstrap import World, open_world


class BillingResource(dg.ConfigurableResource[None]):
    """Opens the world for one step: database, Stripe gateway, clock. Secrets stay in the environment."""

    @contextmanager
    def world(self) -> Iterator[World]:
        """The world, closed again when the step is over."""
        with open_world() as world:
            yield world
