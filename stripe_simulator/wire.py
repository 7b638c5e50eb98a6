"""What crosses the wire: bracketed forms in, JSON bodies and Stripe's error shape out."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias
from urllib.parse import parse_qsl

Json: TypeAlias = dict[str, Any]

BODY_BYTES_MAX: Final = 1_000_000  # Stripe's forms are a few kilobytes; anything near this is a mistake
FIELDS_MAX: Final = 5_000
DEPTH_MAX: Final = 8


@dataclass(frozen=True, slots=True)
class Response:
    """One reply. delay_seconds: how long a front holds it back; cut: half the body is sent; dropped: nothing is."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    delay_seconds: float = 0.0
    cut: bool = False
    dropped: bool = False


@dataclass(slots=True)
class Refused(Exception):
    """A reply that is not a 2xx, in Stripe's own shape. keeps_effects: what was written before it stays written."""

    status: int
    message: str
    code: str | None = None
    param: str | None = None
    kind: str = "invalid_request_error"
    extra: Json = field(default_factory=dict)
    keeps_effects: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)

    def body(self, request_id: str) -> Json:
        """The JSON body of the error."""
        error: Json = {"type": self.kind, "message": self.message}
        if self.code:
            error["code"] = self.code
            error["doc_url"] = f"https://docs.stripe.com/error-codes#{self.code.replace('_', '-')}"
        if self.param:
            error["param"] = self.param
        error["request_log_url"] = f"https://dashboard.stripe.com/test/logs/{request_id}"
        return {"error": error | self.extra}


def invalid(message: str, param: str | None = None, code: str | None = None, status: int = 400) -> Refused:
    """A 4xx of type invalid_request_error, ready to raise."""
    return Refused(status, message, code, param)


def no_such(what: str, name: str, param: str = "id", status: int = 404) -> Refused:
    """The resource_missing error for an id that is not there: 404 in a path, 400 in a parameter."""
    return Refused(status, f"No such {what}: '{name}'", "resource_missing", param)


def decode_form(text: str) -> Json:
    """The nested dict a bracketed form spells; lists stay dicts keyed "0", "1", ... until their type is known.

    Raises Refused when the form is too large, too deep, or says two shapes for one name.
    """
    if len(text) > BODY_BYTES_MAX:
        raise Refused(413, "Request entity too large")
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=FIELDS_MAX, errors="strict")
    except ValueError:
        raise invalid("Invalid request: the form could not be read") from None
    form: Json = {}
    for name, value in pairs:
        _place(form, _steps(name), value, name)
    return form


def _steps(name: str) -> list[str]:
    if "[" not in name:
        return [name]
    head, _, rest = name.partition("[")
    steps = [head, *rest.replace("]", "").split("[")]
    if len(steps) > DEPTH_MAX:
        raise invalid(f"Invalid request: {name[:60]} is nested too deeply")
    return steps


def _place(form: Json, steps: list[str], value: str, name: str) -> None:
    here = form
    for step in steps[:-1]:
        here = here.setdefault(step or str(len(here)), {})
        if not isinstance(here, dict):
            raise invalid(f"Invalid request: {name[:60]} is given as a value and as a hash")
    last = steps[-1] or str(len(here))
    if isinstance(here.get(last), dict):
        raise invalid(f"Invalid request: {name[:60]} is given as a value and as a hash")
    here[last] = value


def secret_of(headers: Mapping[str, str]) -> str:
    """The API key in an Authorization header, Basic or Bearer; an empty string when there is none."""
    scheme, _, value = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value, validate=True).decode().partition(":")[0]
        except ValueError:  # neither base64 nor text
            return ""
    return ""
