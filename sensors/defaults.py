"""What runs by itself: everything on the simulator; elsewhere only what reads, until finance starts the rest."""

from typing import Final

import dagster as dg

from billing_pipeline.domain.errors import Broken
from billing_pipeline.settings import Settings
from billing_pipeline.stripe_keys import Mode


def on_the_simulator() -> bool:
    """Whether no Stripe key is set. Settings that cannot be read are reported by whoever needs them, not while loading."""
    try:
        return Settings.load().mode is Mode.SIMULATOR
    except Broken:
        return False


def seconds_between_polls() -> int:
    """How long the poll waits at least: a second less than the settings say, so that the tick at that time is not missed.

    The default keeps within Stripe's read allocation.
    """
    try:
        return Settings.load().poll_seconds - 1
    except Broken:
        return 299


TICK_SECONDS: Final = 5
"""Dagster looks at all sensors this often, one after another, each a little after the look began.

So a sensor whose minimum interval is five seconds is a moment too young at the next look, and ticks every ten.
"""
READING: Final = dg.DefaultSensorStatus.RUNNING
MOVING_MONEY: Final = dg.DefaultScheduleStatus.RUNNING if on_the_simulator() else dg.DefaultScheduleStatus.STOPPED
WATCHING: Final = dg.DefaultScheduleStatus.RUNNING
