"""What the control API can do to a running simulator: plain values in, plain values out, one-line complaints."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from datetime import UTC, datetime
from inspect import signature
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, get_args, get_type_hints

from pydantic import TypeAdapter, ValidationError

from stripe_simulator.faults import KINDS, Fault
from stripe_simulator.wire import Json, Refused
from stripe_simulator.world import Account

if TYPE_CHECKING:
    from stripe_simulator.simulator import Simulator

SETTABLE: Final = (
    "api_version", "name", "descriptor", "after_last_retry", "retry_days", "payout_schedule", "search_lag_seconds",
)  # fmt: skip
CHOICES: Final = {"after_last_retry": ("past_due", "canceled", "unpaid"), "payout_schedule": ("daily", "manual")}
MOST: Final = {"retry_days": 60, "search_lag_seconds": 86_400}
DriftKind: TypeAlias = Literal[
    "refund", "fail_refund", "dispute", "close_dispute", "delete_customer", "orphan_payment_intent",
    "cancel_payment_intent", "change_amount", "change_fee", "fail_payout", "lose_event", "void_invoice",
    "cancel_subscription",
]  # fmt: skip
DRIFTS: Final[tuple[str, ...]] = get_args(DriftKind)


class Wrong(ValueError):
    """Something the caller asked for cannot be done; the text names it and the remedy."""


def status(simulator: "Simulator", asked: Json) -> Json:
    """The account, the time, and how much of everything there is."""
    world = simulator.world
    return {
        "account": world.account.id,
        "livemode": world.account.livemode,
        "api_version": world.account.api_version,
        "seed": world.ids.seed,
        "now": iso(world.clock.now()),
        "requests": simulator.requests,
        "calls": dict(sorted(simulator.counts.items())),
        "objects": {k: len(t.rows) for k, t in sorted(world.store.tables.items()) if t.rows and k[0] != "_"},
        "timers": sum(len(h) for h in world.timers.heaps.values()),
        "faults": len(world.faults.armed),
        "limits": {"account": simulator.limits.per_account, "operation": simulator.limits.per_operation},
    }


def clock(simulator: "Simulator", asked: Json) -> Json:
    """The virtual time, twice."""
    return {"now": iso(simulator.clock.now()), "seconds": simulator.clock.seconds}


def advance(simulator: "Simulator", asked: Json) -> Json:
    """The new virtual time. asked: `to` (ISO, UTC) or `seconds`."""
    if ("to" in asked) == ("seconds" in asked):
        raise Wrong("advance needs either `to` (an ISO date and time in UTC) or `seconds`")
    try:
        target = moment(asked["to"]) if "to" in asked else None
        ran = simulator.advance(to=target, seconds=None if target else int(asked["seconds"]))
    except (ValueError, TypeError) as error:
        raise Wrong(f"the clock cannot be moved: {error}") from None
    return clock(simulator, {}) | {"ran": ran}


def add_fault(simulator: "Simulator", asked: Json) -> Json:
    """The fault that was ordered."""
    known = {f.name for f in fields(Fault)}
    if unknown := asked.keys() - known:
        raise Wrong(f"a fault has no {sorted(unknown)[0]!r}; it knows {', '.join(sorted(known))}")
    if asked.get("kind") not in KINDS:
        raise Wrong(f"no fault is called {asked.get('kind')!r}; choose one of {', '.join(KINDS)}")
    try:
        fault = Fault(**typed(get_type_hints(Fault), asked))
    except ValueError as error:
        raise Wrong(str(error)) from None
    simulator.faults.add(fault)
    return asdict(fault)


def faults(simulator: "Simulator", asked: Json) -> Json:
    """All faults that were ordered, with how often they matched and struck."""
    return {"faults": [asdict(a) for a in simulator.faults.armed]}


def clear_faults(simulator: "Simulator", asked: Json) -> Json:
    """An empty fault plan."""
    simulator.faults.clear()
    return {"faults": []}


def drift(simulator: "Simulator", asked: Json) -> Json:
    """What changed. asked: `what` and the arguments of that drift."""
    what = asked.pop("what", None)
    if what not in DRIFTS:
        raise Wrong(f"no drift is called {what!r}; choose one of {', '.join(DRIFTS)}")
    change: Callable[..., Any] = getattr(simulator.drift, what)
    try:
        signature(change).bind(**asked)
    except TypeError as error:
        raise Wrong(f"{what}: {error}; it takes {', '.join(signature(change).parameters)}") from None
    result = change(**typed(get_type_hints(change), asked))
    return {"what": what, "result": result["id"] if isinstance(result, dict) else result}


def set_limits(simulator: "Simulator", asked: Json) -> Json:
    """The limits now in force. asked: `on`, and optionally `per_account` and `per_operation` in requests a second."""
    if asked.pop("on", True):
        simulator.limits.switch_on(**{k: float(v) for k, v in asked.items() if k in ("per_account", "per_operation")})
    else:
        simulator.limits.switch_off()
    return {"account": simulator.limits.per_account, "operation": simulator.limits.per_operation}


def authenticate(simulator: "Simulator", asked: Json) -> Json:
    """The intent after its customer met the issuer's challenge. asked: `id`, `passed`."""
    row = simulator.authenticate(str(asked.get("id")), passed=bool(asked.get("passed", True)))
    return {"id": row["id"], "status": row["status"]}


def settings(simulator: "Simulator", asked: Json) -> Json:
    """The account's settings after the change."""
    account = simulator.world.account
    if unknown := asked.keys() - set(SETTABLE):
        raise Wrong(f"the account has no setting {sorted(unknown)[0]!r}; it knows {', '.join(SETTABLE)}")
    asked = {name: tuple(value) if isinstance(value, list) else value for name, value in asked.items()}
    for name, value in typed(get_type_hints(Account), asked).items():
        _check_allowed(name, value)
    for name, value in asked.items():
        setattr(account, name, value)
    return asdict(account)


def _check_allowed(name: str, value: Any) -> None:
    """Nothing. Raises Wrong for a value that the account cannot have."""
    if name in CHOICES and value not in CHOICES[name]:
        raise Wrong(f"{name} is one of {', '.join(CHOICES[name])}, not {value!r}")
    numbers = value if isinstance(value, tuple) else (value,)
    if name in MOST and not all(0 <= number <= MOST[name] for number in numbers):
        raise Wrong(f"{name} lies between 0 and {MOST[name]}, not {value!r}")


def typed(hints: Mapping[str, Any], asked: Json) -> Json:
    """What was asked. Raises Wrong for the first value that has another type than its hint says."""
    for name, value in asked.items():
        try:
            TypeAdapter(hints[name]).validate_python(value, strict=True)
        except ValidationError as error:
            raise Wrong(f"{name}: {error.errors()[0]['msg'].lower()}, not {value!r}") from None
    return asked


def webhooks(simulator: "Simulator", asked: Json) -> Json:
    """All webhook deliveries, oldest first."""
    return {"deliveries": simulator.webhooks.deliveries()}


def roll_secret(simulator: "Simulator", asked: Json) -> Json:
    """The endpoint's new signing secret; the old one still signs for a day. asked: `id`."""
    return {"secret": simulator.webhooks.roll(str(asked.get("id")))}


Operation = Callable[["Simulator", Json], Json]

OPERATIONS: Final[dict[tuple[str, str], Operation]] = {
    ("GET", "status"): status,
    ("GET", "clock"): clock,
    ("POST", "advance"): advance,
    ("POST", "fault"): add_fault,
    ("GET", "faults"): faults,
    ("DELETE", "faults"): clear_faults,
    ("POST", "drift"): drift,
    ("POST", "limits"): set_limits,
    ("POST", "authenticate"): authenticate,
    ("POST", "settings"): settings,
    ("GET", "webhooks"): webhooks,
    ("POST", "roll_secret"): roll_secret,
}


def perform(simulator: "Simulator", method: str, name: str, asked: Any) -> tuple[int, Json]:
    """Status and body of one control request; bad input is a 400 that says what is wrong."""
    operation = OPERATIONS.get((method, name))
    if operation is None:
        return 404, {"error": f"no control is called {method} {name}; see {', '.join(n for _, n in OPERATIONS)}"}
    if not isinstance(asked, dict):
        return 400, {"error": "the body must be a JSON object"}
    try:
        with simulator.lock:
            return 200, operation(simulator, dict(asked))
    except Wrong as error:
        return 400, {"error": str(error)}
    except Refused as refused:
        return 400, {"error": refused.message}
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        return 400, {"error": f"{name}: {type(error).__name__}: {error}"}


def iso(at: datetime) -> str:
    """The moment as 2026-01-01T00:00:00Z."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment(text: str) -> datetime:
    """The aware moment that the text spells; a date without a zone is UTC. Raises ValueError."""
    at = datetime.fromisoformat(str(text))
    return at if at.tzinfo else at.replace(tzinfo=UTC)
