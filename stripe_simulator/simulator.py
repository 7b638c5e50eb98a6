"""The simulator: one Stripe account that answers requests and lives on virtual time."""

import contextlib
import threading
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any, Final

import orjson

from stripe_simulator import idempotency, resources
from stripe_simulator.access import Access
from stripe_simulator.answering import Desk, Request
from stripe_simulator.clock import GLOBAL, LAST_SECOND, Clock, unix
from stripe_simulator.drift import Drift
from stripe_simulator.expand import shown
from stripe_simulator.faults import FaultPlan
from stripe_simulator.ids import Ids, digest
from stripe_simulator.limits import Limits
from stripe_simulator.routes import TIMED
from stripe_simulator.webhooks import Webhooks
from stripe_simulator.wire import Json, Response
from stripe_simulator.world import PINNED, Account, Asked, World

if TYPE_CHECKING:
    import stripe

CALLS_KEPT_MAX: Final = 100_000
START: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""Where virtual time begins unless told otherwise."""


class Simulator:
    """A stateful Stripe. Same seed, same requests, same answers; `faults` and `drift` make things go wrong."""

    def __init__(
        self, seed: int = 7, now: datetime = START, account_id: str | None = None, livemode: bool = False
    ) -> None:
        account = Account(account_id or f"acct_sim_{digest(seed, 'account', chars=16)}", livemode)
        self.world = World(account, Clock(unix(now)), Ids(seed), FaultPlan(seed))
        self.limits, self.access = Limits(livemode), Access(livemode)
        self.desk = Desk(self.world, self.access, self.limits)
        self.drift, self.webhooks = Drift(self), Webhooks(self)
        self.calls: deque[tuple[str, str, str | None]] = deque(maxlen=CALLS_KEPT_MAX)
        self.counts: Counter[str] = Counter()
        self.requests = 0
        self.lock = threading.RLock()
        resources.start(self.world)

    @property
    def clock(self) -> Clock:
        """The global virtual clock."""
        return self.world.clock

    @property
    def faults(self) -> FaultPlan:
        """The fault plan; `faults.add(Fault(...))` orders something to go wrong."""
        return self.world.faults

    def handle(self, method: str, path: str, headers: Mapping[str, str], form: str = "") -> Response:
        """The reply to one request. form: the body of a POST, the query string of a GET or DELETE."""
        lower = {k.lower(): v for k, v in headers.items()}
        method = method.lower()
        with self.lock:
            self.requests += 1
            request_id = "req_" + digest(self.world.ids.seed, "request", self.requests, chars=14)
            key = lower.get("idempotency-key") or None
            self.calls.append((method, path, key))
            self.counts[f"{method} {path.split('/')[2] if path.count('/') > 1 else path}"] += 1
            reply = self.desk.answer(Request(method, path, lower, form, Asked(request_id, key)))
            return _signed(reply, request_id, lower, self.clock.now())

    def advance(self, to: datetime | None = None, seconds: int | None = None) -> int:
        """How many pieces of timed work ran while the global clock moved. Raises ValueError when told to go back."""
        with self.lock:
            target = unix(to) if to else self.clock.seconds + int(seconds or 0)
            if target < self.clock.seconds:
                raise ValueError(f"the clock shows {self.clock.now():%Y-%m-%dT%H:%M:%SZ} and cannot go back")
            if target > LAST_SECOND:
                raise ValueError("it ends with the year 2199")
            ran = self._run_until(target)
            self.clock.move(target)
            resources.forget_old(self.world)
            return ran

    def _run_until(self, target: int) -> int:
        ran = 0
        while timer := self.world.timers.pop_due(GLOBAL, target):
            self.clock.move(max(self.clock.seconds, timer[0]))
            TIMED[timer[2]](self.world, timer[3])
            ran += 1
        return ran

    def objects(self, kind: str) -> list[Json]:
        """All objects of a kind as replies show them, oldest first; copies, for assertions in tests."""
        with self.lock:
            rows = self.world.store.table(kind).oldest()
            return [orjson.loads(orjson.dumps(shown(self.world, row, []))) for row in rows]

    def authenticate(self, intent_id: str, passed: bool = True) -> Json:
        """The payment or setup intent after its customer passed or failed the issuer's challenge. Raises Refused."""
        with self.lock:
            kind = "setup_intent" if intent_id.startswith("seti_") else "payment_intent"
            row = self.world.get(kind, intent_id)
            resources.authenticate(self.world, row, passed=passed)
            return row

    @contextlib.contextmanager
    def still_running(self, key: str | None) -> Iterator[None]:
        """Nothing; inside the block the key's request counts as not answered yet."""
        row = self.world.store.find(idempotency.KIND, key or "")
        status = row["status"] if row else 0
        if row:
            self.world.store.change(row, {"status": 0})
        yield
        if row:
            self.world.store.change(row, {"status": status})

    def http_client(self, timeout_seconds: float = 80.0, latency_seconds: float = 0.0) -> "stripe.HTTPClient":
        """The in-process front, for `stripe.StripeClient(http_client=...)`."""
        from stripe_simulator.transport import InProcess  # the SDK is needed by this front only

        return InProcess(self, timeout_seconds, latency_seconds)

    def client(
        self, key: str = "", max_network_retries: int = 0, *, check_types: bool = True, **options: Any
    ) -> "stripe.StripeClient":
        """The SDK's client, speaking to this simulator without a network.

        check_types: calls that the SDK's request types do not allow raise checking.Mistyped before they are sent.
        options: timeout_seconds, latency_seconds.
        """
        import stripe

        from stripe_simulator.checking import checked

        key = key or ("sk_live_sim" if self.world.account.livemode else "sk_test_sim")
        transport = self.http_client(**options)
        made = stripe.StripeClient(key, http_client=transport, max_network_retries=max_network_retries)
        return checked(made) if check_types else made

    def save(self, path: str) -> None:
        """Nothing; the whole state is in one SQLite file afterwards."""
        from stripe_simulator.saving import save_all

        with self.lock:
            save_all(self, path)

    @classmethod
    def load(cls, path: str) -> "Simulator":
        """The simulator that a file holds. Raises FileNotFoundError."""
        from stripe_simulator.saving import load

        return load(path)


def _signed(response: Response, request_id: str, asked: Mapping[str, str], now: datetime) -> Response:
    headers = {
        "Content-Type": "application/json",
        "Date": format_datetime(now, usegmt=True),
        "Request-Id": request_id,
        "Stripe-Version": asked.get("stripe-version", PINNED),
        **response.headers,
    }
    return Response(response.status, headers, response.body, response.delay_seconds, response.cut, response.dropped)
