"""What is counted, for Prometheus. One registry per process, so that tests do not share counters."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Summary
from prometheus_client.exposition import generate_latest

from billing_pipeline.flows.apply_events import Applied


@dataclass(frozen=True, slots=True)
class Backlog:
    """How the inbox stands. oldest_seconds: how long the oldest waiting fact waits; 0 when none does."""

    waiting: int
    dead: int
    oldest_seconds: float
    poll_lag_seconds: float


@dataclass(frozen=True, slots=True)
class Metrics:
    """The counters of one process."""

    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    deliveries: Counter = field(init=False)
    facts: Counter = field(init=False)
    polled: Counter = field(init=False)
    failures: Counter = field(init=False)
    reads: Counter = field(init=False)
    waits: Counter = field(init=False)
    limit_waits: Summary = field(init=False)
    apply_seconds: Histogram = field(init=False)
    waiting: Gauge = field(init=False)
    dead: Gauge = field(init=False)
    oldest: Gauge = field(init=False)
    lag: Gauge = field(init=False)

    def __post_init__(self) -> None:
        made = {
            "deliveries": Counter("billing_webhook_deliveries", "Deliveries by answer", ["status"], registry=self.registry),
            "facts": Counter("billing_facts_applied", "Facts by what became of them", ["state"], registry=self.registry),
            "polled": Counter("billing_events_polled", "Events brought by polling, new ones", registry=self.registry),
            "failures": Counter("billing_loop_failures", "Rounds of a loop that failed", ["loop"], registry=self.registry),
            "reads": Counter("billing_stripe_calls", "Calls to Stripe", ["operation"], registry=self.registry),
            "waits": Counter("billing_stripe_wait_seconds", "Seconds waited for Stripe to answer", registry=self.registry),
            "limit_waits": Summary("billing_stripe_limit_wait_seconds", "Waits for a limit of Stripe's", registry=self.registry),
            "apply_seconds": Histogram("billing_apply_seconds", "Seconds per round of applying facts", registry=self.registry),
            "waiting": Gauge("billing_inbox_waiting", "Facts that wait to be applied", registry=self.registry),
            "dead": Gauge("billing_inbox_dead", "Facts that need a person", registry=self.registry),
            "oldest": Gauge("billing_inbox_oldest_seconds", "How long the oldest waiting fact waits", registry=self.registry),
            "lag": Gauge("billing_poll_lag_seconds", "Seconds since a poll last read all events", registry=self.registry),
        }  # fmt: skip
        for name, metric in made.items():
            object.__setattr__(self, name, metric)

    def count_applied(self, done: Applied) -> None:
        """Count what became of facts."""
        for state, count in (("applied", done.applied), ("ignored", done.ignored), ("dead", done.dead)):
            self.facts.labels(state).inc(count)

    def exposition(self, backlog: Backlog | None) -> bytes:
        """Everything in Prometheus' text format. backlog: as it stands now; None leaves the gauges as they were."""
        if backlog is not None:
            pairs: Iterable[tuple[Gauge, float]] = (
                (self.waiting, backlog.waiting), (self.dead, backlog.dead), (self.oldest, backlog.oldest_seconds),
                (self.lag, backlog.poll_lag_seconds),
            )  # fmt: skip
            for gauge, value in pairs:
                gauge.set(value)
        return generate_latest(self.registry)
