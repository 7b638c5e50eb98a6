"""The SDK's own parameter types as strict validators: what the pinned API version does not know is refused.

Unknown, removed and mistyped parameters and wrong enum values are errors here, where the SDK lets them pass.
"""

import sys
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from json import loads
from types import UnionType
from typing import Any, Literal, Optional, Union, get_args, get_origin

import typing_extensions as te
from pydantic import ConfigDict, TypeAdapter
from stripe._request_options import RequestOptions
from stripe._stripe_object import UntypedStripeObject

from billing_pipeline.domain.requests import Request

OPTIONS = frozenset(RequestOptions.__annotations__)


def refuse_unknown(request: Request, params_type: str) -> Mapping[str, Any]:
    """The request's parameters. params_type: such as 'PaymentIntentCreateParams'. Raises ValidationError."""
    params: Mapping[str, Any] = loads(request.params_json)
    validator(params_type).validate_python(params)
    return params


@cache
def validator(params_type: str) -> TypeAdapter[Any]:
    """A strict validator of that class of stripe.params."""
    words = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in params_type)
    return TypeAdapter(strict_dict(getattr(import_module(f"stripe.params.{words}"), params_type)))


@cache
def strict_dict(source: Any) -> Any:
    """The TypedDict without its options, closed and strict at every depth."""
    names = dict(vars(sys.modules[source.__module__]))
    local = {"StripeContext": Any, "Mapping": Mapping, "Optional": Optional}
    hints = te.get_type_hints(source, globalns=names, localns=local, include_extras=True)
    fields = {name: strict(hint) for name, hint in hints.items() if name not in OPTIONS}
    made: Any = te.TypedDict(f"Strict{source.__name__}", fields)  # type: ignore[operator]
    made.__pydantic_config__ = ConfigDict(extra="forbid", strict=True)
    return made


def strict(hint: Any) -> Any:
    """The hint with every TypedDict in it closed, and an enum that takes only its own values."""
    if te.is_typeddict(hint):
        return strict_dict(hint)
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return Union[tuple(strict(one) for one in closed(inner))]  # noqa: UP007 - built at run time
    if origin in (te.NotRequired, te.Required):
        return origin[strict(inner[0])]
    if origin is list:
        return list[strict(inner[0])]  # type: ignore[misc]
    if origin is dict:
        return dict[inner[0], strict(inner[1])]  # type: ignore[misc, valid-type]
    return hint


def closed(members: tuple[Any, ...]) -> list[Any]:
    """The members of a union without the doors that the SDK leaves open."""
    known = [one for one in members if UntypedStripeObject not in (one, get_origin(one))]
    values = [value for one in known if get_origin(one) is Literal for value in get_args(one)]
    return [one for one in known if one is not str] if any(value != "" for value in values) else known
