"""A stateful Stripe for tests, demonstrations and simulated years. It needs no network and keeps Stripe's own rules."""

from stripe_simulator.clock import Clock
from stripe_simulator.faults import Fault, FaultKind, FaultPlan
from stripe_simulator.simulator import Simulator
from stripe_simulator.wire import Response

__all__ = ["Clock", "Fault", "FaultKind", "FaultPlan", "Response", "Simulator"]
