"""The fault plan: which call, event or delivery goes wrong, and how. Seeded: a story goes wrong the same way twice."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Final, Literal, TypeAlias, get_args

from stripe_simulator.ids import digest

FaultKind: TypeAlias = Literal[
    "rate_limited", "lock_timeout", "key_in_use", "error_before", "error_after", "drop_before", "drop_after",
    "slow_after", "truncate",
    "webhook_duplicate", "webhook_reorder", "webhook_lose", "webhook_delay", "webhook_wrong_secret",
    "webhook_old_version",
    "event_late", "event_never", "event_twice", "page_shift", "settlement_late",
]  # fmt: skip
KINDS: Final[tuple[str, ...]] = get_args(FaultKind)
SECONDS_MAX: Final = 1_000_000_000  # thirty years: longer than any story
REASONS: Final = ("global-rate", "endpoint-rate", "global-concurrency", "endpoint-concurrency", "resource-specific")
API: Final = frozenset(KINDS[:9])
WEBHOOK: Final = frozenset(k for k in KINDS if k.startswith("webhook_"))
EVENT: Final = frozenset({"event_late", "event_never", "event_twice"})
PAGE: Final = frozenset({"page_shift"})
SETTLEMENT: Final = frozenset({"settlement_late"})


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing to go wrong. It strikes the `nth` matching call and the next `times` - 1 (0: all that follow).

    method, path, customer, event_type: what matches; empty matches all; path and event_type may hold `*`.
    status: 500 or 503 for error_*; should_retry: the Stripe-Should-Retry header, None leaves it out;
    stored: whether the error is kept under the idempotency key (default: 500 is, 503 is not).
    seconds: real seconds for slow_after, virtual ones for event_late, settlement_late and webhook_delay.
    chance: the share of matching calls that are struck, decided by the seed.
    """

    kind: FaultKind
    method: str = ""
    path: str = ""
    nth: int = 1
    times: int = 1
    customer: str = ""
    event_type: str = ""
    status: int = 500
    should_retry: bool | None = None
    stored: bool | None = None
    seconds: float = 0.0
    reason: str = "global-rate"
    chance: float = 1.0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"no fault is called {self.kind!r}; choose one of {', '.join(KINDS)}")
        if self.status not in (500, 502, 503, 504) or self.nth < 1 or self.times < 0:
            raise ValueError(f"{self}: status is 500..504, nth starts at 1, times is not negative")
        if not 0 <= self.seconds <= SECONDS_MAX or not 0 <= self.chance <= 1:
            raise ValueError(f"{self}: seconds lie between 0 and {SECONDS_MAX}, chance between 0 and 1")
        if self.reason not in REASONS:
            raise ValueError(f"no rate limit reason is called {self.reason!r}; choose one of {', '.join(REASONS)}")


@dataclass(frozen=True, slots=True)
class Occasion:
    """What is about to happen, as far as a fault can match it."""

    method: str = ""
    path: str = ""
    customer: str = ""
    event_type: str = ""


@dataclass(slots=True)
class Armed:
    """A fault and how often its occasion has come."""

    fault: Fault
    seen: int = 0
    struck: int = 0


@dataclass(slots=True)
class FaultPlan:
    """All faults that were ordered, oldest first."""

    seed: int
    armed: list[Armed] = field(default_factory=list)

    def add(self, *faults: Fault) -> None:
        """Nothing; the faults wait for their occasion."""
        self.armed.extend(Armed(fault) for fault in faults)

    def clear(self) -> None:
        """Nothing; no fault is left."""
        self.armed.clear()

    def take(self, kinds: frozenset[str], occasion: Occasion) -> Fault | None:
        """The fault that strikes now, or None. Every matching fault counts the occasion."""
        if not self.armed:
            return None
        struck = [a for a in self._matching(kinds, occasion) if self._strikes(a)]
        for armed in struck[:1]:
            armed.struck += 1
        return struck[0].fault if struck else None

    @staticmethod
    def _fits(pattern: str, value: str) -> bool:
        return not pattern or fnmatchcase(value, pattern)

    def _matching(self, kinds: frozenset[str], occasion: Occasion) -> Iterator[Armed]:
        for armed in self.armed:
            fault = armed.fault
            if (
                fault.kind in kinds
                and (not fault.method or fault.method.lower() == occasion.method)
                and self._fits(fault.path, occasion.path)
                and self._fits(fault.event_type, occasion.event_type)
                and fault.customer in ("", occasion.customer)
            ):
                armed.seen += 1
                yield armed

    def _strikes(self, armed: Armed) -> bool:
        fault, call = armed.fault, armed.seen
        if call < fault.nth or (fault.times and call >= fault.nth + fault.times):
            return False
        return fault.chance >= 1 or int(digest(self.seed, "fault", call, chars=8), 16) < fault.chance * 16**8
