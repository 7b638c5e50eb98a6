"""What reacts: to Stripe's events, to facts that wait, to divergences, to failed runs. And the schedules."""

from sensors.alerts import divergence_alert, run_failure_alert
from sensors.inbox import stripe_events_poll, webhook_inbox
from sensors.schedules import schedules

SENSORS = [stripe_events_poll, webhook_inbox, divergence_alert, run_failure_alert]

__all__ = ["SENSORS", "schedules"]
