"""Parameter declarations, compiled from the request types that the Stripe SDK ships.

An endpoint names the SDK's type (`CustomerCreateParams`); this module turns it into a checker that accepts the wire's
strings, gives typed values back, and refuses what the pinned API version does not know. So a new resource declares
nothing by hand, and a parameter that Stripe removed is refused the day the SDK is upgraded.
"""

import functools
import importlib
import re
import sys
import types
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Literal, NotRequired, Optional, Required, TypeAlias, Union, get_args, get_origin

import typing_extensions
from stripe._request_options import RequestOptions
from stripe._stripe_object import UntypedStripeObject

from stripe_simulator.wire import Json, Refused, invalid

Check: TypeAlias = Callable[[Any, str], Any]

TEXT_MAX: Final = 5_000
DECIMAL_PLACES_MAX: Final = 12  # docs.stripe.com/api/prices/create, unit_amount_decimal
INTEGER: Final = re.compile(r"-?[0-9]{1,12}")  # seconds and minor units both fit; products stay below 64 bits
ENUM_SHOWN_MAX: Final = 12
OPTIONS: Final = frozenset(typing_extensions.get_annotations(RequestOptions))
NAMESPACE: Final = {"StripeContext": Any, "Mapping": Mapping, "Optional": Optional}


def text(value: Any, name: str) -> str:
    """The value when it is a string. Raises Refused otherwise."""
    if not isinstance(value, str):
        raise invalid(f"Invalid string: {str(value)[:60]}", name)
    if len(value) > TEXT_MAX:
        raise invalid(f"Invalid string: must be at most {TEXT_MAX} characters", name, "parameter_invalid_string")
    if "\x00" in value:
        raise invalid("Invalid string: null bytes are not allowed", name)
    return value


def filled(value: Any, name: str) -> str:
    """The value when it is a string that says something; empty means unset, and this parameter cannot be unset."""
    if value == "":
        raise invalid(
            f"You passed an empty string for '{name}'. We assume empty values are an attempt to unset a parameter; "
            f"however '{name}' cannot be unset. You should remove '{name}' from your request or supply a value.",
            name,
            "parameter_invalid_empty",
        )
    return text(value, name)


def number(value: Any, name: str) -> float:
    """The number that the string spells, for percentages and sizes; money is never read this way."""
    return float(decimal(value, name))


def integer(value: Any, name: str) -> int:
    """The whole number that the string spells. Raises Refused otherwise."""
    if not isinstance(value, str) or not INTEGER.fullmatch(value):
        raise invalid(f"Invalid integer: {str(value)[:60]}", name, "parameter_invalid_integer")
    return int(value)


def boolean(value: Any, name: str) -> bool:
    """True or False. Raises Refused otherwise."""
    if value not in ("true", "false"):
        raise invalid(f"Invalid boolean: {str(value)[:60]}", name)
    return bool(value == "true")


def decimal(value: Any, name: str) -> Decimal:
    """The decimal number that the string spells. Raises Refused otherwise."""
    try:
        number = Decimal(text(value, name))
    except InvalidOperation:
        raise invalid(f"Invalid decimal: {str(value)[:60]}", name) from None
    exact = number.as_tuple().exponent
    if not isinstance(exact, int) or exact < -DECIMAL_PLACES_MAX or abs(number) > Decimal(10) ** 15:
        raise invalid(f"Invalid decimal: {str(value)[:60]}", name)
    return number


def one_of(values: tuple[str, ...]) -> Check:
    """A check for a closed set of words."""
    allowed = frozenset(values)
    shown = ", ".join([v for v in values if v][:ENUM_SHOWN_MAX])

    def check(value: Any, name: str) -> Any:
        if not isinstance(value, str) or value not in allowed:
            raise invalid(f"Invalid {name}: must be one of {shown}", name)
        return value

    return check


def listed(inner: Check) -> Check:
    """A check for a list; the wire spells it with numbered keys."""

    def check(value: Any, name: str) -> list[Any]:
        if not isinstance(value, dict) or not all(k.isdecimal() for k in value):
            raise invalid("Invalid array", name)
        return [inner(value[k], f"{name}[{k}]") for k in sorted(value, key=int)]

    return check


def keyed(inner: Check) -> Check:
    """A check for a hash whose keys the caller chooses, such as metadata."""

    def check(value: Any, name: str) -> Json:
        if not isinstance(value, dict):
            raise invalid("Invalid hash", name, "parameter_invalid_hash")
        return {k: inner(v, f"{name}[{k}]") for k, v in value.items()}

    return check


def either(checks: tuple[Check, ...]) -> Check:
    """A check that gives the first reading that fits; the last one's complaint when none does."""

    def check(value: Any, name: str) -> Any:
        for option in checks[:-1]:
            try:
                return option(value, name)
            except Refused:
                continue
        return checks[-1](value, name)

    return check


def shaped(fields: Mapping[str, Check], needed: frozenset[str]) -> Check:
    """A check for a hash with known names. Raises parameter_unknown and parameter_missing, as Stripe does."""

    def check(value: Any, name: str) -> Json:
        if not isinstance(value, dict):
            raise invalid("Invalid object", name)
        found: Json = {}
        for key, raw in value.items():
            inner = fields.get(key)
            path = f"{name}[{key}]" if name else key
            if inner is None:
                raise unknown(path)
            found[key] = inner(raw, path)
        if missing := needed - found.keys():
            first = sorted(missing)[0]
            path = f"{name}[{first}]" if name else first
            raise invalid(f"Missing required param: {path}.", path, "parameter_missing")
        return found

    return check


def unknown(path: str) -> Refused:
    """The error for a parameter that this API version does not know."""
    return invalid(f"Received unknown parameter: {path[:80]}", path[:80], "parameter_unknown")


@functools.cache
def declaration(name: str) -> Check:
    """The checker of one SDK request type, e.g. "PaymentIntentCreateParams" or "test_helpers.TestClockCreateParams"."""
    module, cls = module_of(name)
    return _of_class(getattr(importlib.import_module(module), cls))


def module_of(name: str) -> tuple[str, str]:
    """The module and the class of one SDK request type."""
    package, _, cls = name.rpartition(".")
    return f"stripe.params{'.' + package if package else ''}._{_snake(cls)}", cls


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


@functools.cache
def _of_class(cls: Any) -> Check:
    scope = dict(vars(sys.modules[cls.__module__]))
    hints = typing_extensions.get_type_hints(cls, globalns=scope, localns=NAMESPACE, include_extras=True)
    hints = {name: hint for name, hint in hints.items() if name not in OPTIONS}
    needed = frozenset(k for k, v in hints.items() if not _optional(v))
    return shaped({k: _compiled(v) for k, v in hints.items()}, needed)


def _optional(hint: Any) -> bool:
    origin: Any = get_origin(hint)
    return origin is NotRequired


def _compiled(hint: Any) -> Check:
    origin: Any = get_origin(hint)
    inner = get_args(hint)
    if typing_extensions.is_typeddict(hint):
        return _of_class(hint)
    if origin in (NotRequired, Required):
        return _compiled(inner[0])
    if origin in (Union, types.UnionType):
        return _union(inner)
    if origin is Literal:
        return one_of(inner)
    if origin is list:
        return listed(_compiled(inner[0]))
    if origin is dict:
        return keyed(text if inner[1] is str else _compiled(inner[1]))
    return PLAIN.get(hint, text)


def _union(members: tuple[Any, ...]) -> Check:
    words = tuple(w for m in members if get_origin(m) is Literal for w in get_args(m))
    others: list[Any] = [m for m in members if get_origin(m) is not Literal and not untyped(m)]
    if any(words):  # an open enum in the SDK is a closed one on the wire
        others = [m for m in others if m is not str]
    checks = [_compiled(m) for m in sorted(others, key=lambda m: m is str)]
    if words:
        checks.insert(0, one_of(words))
    return checks[0] if len(checks) == 1 else either(tuple(checks))


def untyped(member: Any) -> bool:
    """Whether the type only says that an untyped SDK object is accepted, too."""
    return member is UntypedStripeObject or get_origin(member) is UntypedStripeObject


PLAIN: Final[dict[Any, Check]] = {str: filled, int: integer, bool: boolean, Decimal: decimal, float: number}
