"""Requests judged before they are encoded: every call of a client against the SDK's own request types, strictly.

The wire carries only strings, so a float for an amount, or a parameter that the pinned API version lost, is best seen
on the caller's side. Unknown names, wrong types and wrong words raise `Mistyped`; nothing is sent then.
"""

import functools
import importlib
import sys
import types
from collections.abc import Mapping
from typing import Any, Final, Literal, NotRequired, Required, Union, get_args, get_origin

import stripe
import typing_extensions
from pydantic import ConfigDict, TypeAdapter, ValidationError

from stripe_simulator.declared import NAMESPACE, OPTIONS, module_of, untyped
from stripe_simulator.routes import find

STRICT: Final = ConfigDict(extra="forbid", strict=True)
SHOWN_MAX: Final = 3
BUILD: Final[Any] = typing_extensions.TypedDict  # called with names that only the SDK knows


class Mistyped(TypeError):
    """A call whose parameters Stripe's own types do not allow: a bug of the caller."""


def checked(client: stripe.StripeClient) -> stripe.StripeClient:
    """The same client, which now refuses mistyped calls with `Mistyped` before anything is sent."""
    requestor = client._requestor
    for name in ("request", "request_raw"):
        setattr(requestor, name, _guarded(getattr(requestor, name)))
    return client


def _guarded(send: Any) -> Any:
    @functools.wraps(send)
    def guarded(method: str, url: str, params: Any = None, *rest: Any, **options: Any) -> Any:
        check(method, url, params)
        return send(method, url, params, *rest, **options)

    return guarded


def check(method: str, url: str, params: Mapping[str, Any] | None) -> None:
    """Nothing. Raises Mistyped when the parameters are not what the operation takes; unknown operations pass."""
    found = find(method.lower(), url.partition("?")[0])
    if found is None:
        return
    try:
        adapter(found[0].params).validate_python({k: v for k, v in (params or {}).items() if v is not None})
    except ValidationError as error:
        raise Mistyped(f"{method} {url}: {_told(error)}") from None


def _told(error: ValidationError) -> str:
    shown = [f"{'.'.join(str(p) for p in e['loc'])}: {e['msg']}" for e in error.errors()[:SHOWN_MAX]]
    return "; ".join(shown)


@functools.cache
def adapter(name: str) -> TypeAdapter[Any]:
    """The strict validator of one SDK request type, e.g. "PaymentIntentCreateParams"."""
    module, cls = module_of(name)
    return TypeAdapter(_strict_class(getattr(importlib.import_module(module), cls)))


@functools.cache
def _strict_class(cls: Any) -> Any:
    scope = dict(vars(sys.modules[cls.__module__]))
    hints = typing_extensions.get_type_hints(cls, globalns=scope, localns=NAMESPACE, include_extras=True)
    fields = {name: _strict(hint) for name, hint in hints.items() if name not in OPTIONS}
    made = BUILD(f"Strict{cls.__name__}", fields)
    made.__pydantic_config__ = STRICT
    return made


def _strict(hint: Any) -> Any:
    origin: Any = get_origin(hint)
    inner = get_args(hint)
    if typing_extensions.is_typeddict(hint):
        return _strict_class(hint)
    if origin in (Union, types.UnionType):
        return _strict_union(inner)
    if origin in (NotRequired, Required):
        return origin[_strict(inner[0])]
    if origin is list:
        return list[_strict(inner[0])]  # type: ignore[misc]
    if origin is dict:
        return dict[inner[0], _strict(inner[1])]  # type: ignore[valid-type,misc]
    return hint


def _strict_union(members: tuple[Any, ...]) -> Any:
    kept = [m for m in members if not untyped(m)]
    words = [w for m in kept if get_origin(m) is Literal for w in get_args(m)]
    if any(words):  # the SDK's open enums take any string; Stripe does not
        kept = [m for m in kept if m is not str]
    return Union[tuple(_strict(m) for m in kept)]  # noqa: UP007 - built at run time
