"""Rate limits: token buckets per account and per operation, on real time. Off until switched on."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from stripe_simulator.clock import wall_seconds
from stripe_simulator.wire import Refused

SANDBOX_PER_SECOND: Final = 25  # docs.stripe.com/rate-limits
LIVE_PER_SECOND: Final = 100
OPERATION_PER_SECOND: Final = 25
MESSAGE: Final = "Request rate limit exceeded. Learn more about rate limits at https://docs.stripe.com/rate-limits."


@dataclass(slots=True)
class Bucket:
    """Tokens that refill at `rate` per second up to one second's worth."""

    rate: float
    tokens: float
    at: float

    def take(self, now: float) -> bool:
        """Whether a token was there."""
        self.tokens = min(self.rate, self.tokens + (now - self.at) * self.rate)
        self.at = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


@dataclass(slots=True)
class Limits:
    """The account's limits in requests per second; None means no limit."""

    livemode: bool = False
    per_account: float | None = None
    per_operation: float | None = None
    timer: Callable[[], float] = wall_seconds
    buckets: dict[str, Bucket] = field(default_factory=dict)
    refused: int = 0

    def switch_on(self, per_account: float | None = None, per_operation: float = OPERATION_PER_SECOND) -> None:
        """Nothing; from now on requests above the limits get 429. Raises ValueError for a limit that lets nothing pass."""
        if per_account is None:
            per_account = LIVE_PER_SECOND if self.livemode else SANDBOX_PER_SECOND
        if not min(per_account, per_operation) >= 1:
            raise ValueError("a limit is at least 1 request a second")
        self.per_account, self.per_operation = per_account, per_operation
        self.buckets.clear()

    def switch_off(self) -> None:
        """Nothing; every request is answered again."""
        self.per_account = self.per_operation = None

    def check(self, method: str, template: str) -> None:
        """Nothing. Raises Refused 429 when a bucket is empty."""
        if self.per_account is not None:
            self._take("account", self.per_account, "global-rate")
        if self.per_operation is not None:
            self._take(f"{method} {template}", self.per_operation, "endpoint-rate")

    def _take(self, name: str, rate: float, reason: str) -> None:
        now = self.timer()
        bucket = self.buckets.setdefault(name, Bucket(rate, rate, now))
        if not bucket.take(now):
            self.refused += 1
            raise Refused(429, MESSAGE, "rate_limit", headers={"Stripe-Rate-Limited-Reason": reason})
