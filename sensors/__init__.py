"""What reacts: to Stripe's events, facts that wait, calls without a known end, divergences, failed runs. And the schedules."""

from sensors.alerts import divergence_alert, run_failure_alert
from sensors.inbox import stripe_events_poll, unknown_outcomes, webhook_inbox
from sensors.schedules import schedules

SENSORS = [stripe_events_poll, webhook_inbox, unknown_outcomes, divergence_alert, run_failure_alert]

__all__ = ["SENSORS", "schedules"]
