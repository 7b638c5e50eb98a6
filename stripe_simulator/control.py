"""The client side of the control API: what a command line or a test calls to steer a simulator over HTTP."""

from datetime import datetime
from typing import Any, Final

import requests

from stripe_simulator.operations import iso
from stripe_simulator.wire import Json

TIMEOUT_SECONDS: Final = 600  # a year of a large account takes a while


class ControlError(Exception):
    """The simulator could not be reached, or refused; the text is one line for the person who asked."""


def status(url: str) -> Json:
    """Account, time, number of objects, calls and faults."""
    return _ask("GET", url, "status")


def now(url: str) -> datetime:
    """The virtual time, aware UTC."""
    return datetime.fromisoformat(_ask("GET", url, "clock")["now"])


def advance(url: str, to: datetime | None = None, seconds: int | None = None) -> datetime:
    """The new virtual time after all timed work up to it ran."""
    asked: Json = {"to": iso(to)} if to else {"seconds": seconds}
    return datetime.fromisoformat(_ask("POST", url, "advance", asked)["now"])


def fault(url: str, kind: str, **options: Any) -> Json:
    """The fault that was ordered; options as in `stripe_simulator.Fault`."""
    return _ask("POST", url, "fault", {"kind": kind, **options})


def faults(url: str) -> list[Json]:
    """All faults that were ordered."""
    return list(_ask("GET", url, "faults")["faults"])


def clear_faults(url: str) -> None:
    """Nothing; no fault is left."""
    _ask("DELETE", url, "faults")


def drift(url: str, what: str, **arguments: Any) -> Json:
    """What changed behind the account's back; `what` and arguments as in `stripe_simulator.drift.Drift`."""
    return _ask("POST", url, "drift", {"what": what, **arguments})


def limits(url: str, on: bool, **rates: float) -> Json:
    """The rate limits now in force; rates: per_account, per_operation in requests a second."""
    return _ask("POST", url, "limits", {"on": on, **rates})


def settings(url: str, **values: Any) -> Json:
    """The account's settings after the change."""
    return _ask("POST", url, "settings", values)


def authenticate(url: str, intent: str, passed: bool = True) -> Json:
    """The intent after its customer passed or failed the issuer's challenge."""
    return _ask("POST", url, "authenticate", {"id": intent, "passed": passed})


def webhooks(url: str) -> list[Json]:
    """All webhook deliveries that were tried or wait, oldest first."""
    return list(_ask("GET", url, "webhooks")["deliveries"])


def _ask(method: str, url: str, name: str, asked: Json | None = None) -> Json:
    try:
        reply = requests.request(method, f"{url.rstrip('/')}/_control/{name}", json=asked, timeout=TIMEOUT_SECONDS)
        body = reply.json()
    except (requests.RequestException, ValueError) as error:
        raise ControlError(f"no simulator answers at {url}: {type(error).__name__}; start one with `serve`") from None
    if reply.status_code != 200:
        raise ControlError(str(body.get("error", body)))
    return dict(body)
