"""Dagster's resource on a world that a test has made."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from resources import BillingResource


def opened(world: Any) -> BillingResource:
    """The resource; whoever opens it gets that world, or what stands in for one."""

    class Opened(BillingResource):
        @contextmanager
        def world(self) -> Iterator[Any]:
            yield world

    return Opened()
