"""Requests made from the SDK's own types: mostly well-formed, with ids that exist and values nobody should send."""

import functools
import importlib
import random
import sys
import types
from decimal import Decimal
from typing import Any, Final, Literal, NotRequired, Union, get_args, get_origin
from urllib.parse import quote_plus

import typing_extensions

from stripe_simulator.declared import NAMESPACE, OPTIONS, module_of, untyped

WORDS: Final = (
    "",
    "x",
    "usd",
    "eur",
    "jpy",
    "now",
    "a b&c=d",
    "ä漢",
    "null",
    "metadata['a']:'b'",
    "2026-01-01",
    "card",
)
NUMBERS: Final = ("0", "1", "-1", "50", "100", "4900", "1767225600", "1769904000", "99999999", "999999999999999999")
BOOLEANS: Final = ("true", "false")
ITEMS_MAX: Final = 2
DEEP_MAX: Final = 4
LIKELY: Final = 0.85
PREFIXES: Final = {
    "customer": "cus_", "payment_method": "pm_", "price": "price_", "product": "prod_", "subscription": "sub_",
    "invoice": "in_", "payment_intent": "pi_", "setup_intent": "seti_", "charge": "ch_", "invoiceitem": "ii_",
    "tax_rate": "txr_", "webhook_endpoint": "we_", "refund": "re_", "subscription_item": "si_", "id": "si_",
}  # fmt: skip


@functools.cache
def hints(cls: Any) -> dict[str, Any]:
    """The parameters of one SDK type with their types."""
    scope = dict(vars(sys.modules[cls.__module__]))
    found = typing_extensions.get_type_hints(cls, globalns=scope, localns=NAMESPACE, include_extras=True)
    return {k: v for k, v in found.items() if k not in OPTIONS}


def class_of(name: str) -> Any:
    """The SDK type with this name."""
    module, cls = module_of(name)
    return getattr(importlib.import_module(module), cls)


class Wishes:
    """A source of requests that depends on its seed alone. ids: what exists in the account."""

    def __init__(self, seed: int, ids: list[str]) -> None:
        self.luck, self.ids = random.Random(seed), ids

    def wish(self, cls: Any, deep: int = 0) -> dict[str, Any]:
        """One request: what is required, and a few of the rest."""
        fields = hints(cls)
        needed = [k for k, v in fields.items() if get_origin(v) is not NotRequired]
        other = [k for k in fields if k not in needed]
        chosen = self.luck.sample(other, min(len(other), self.luck.randint(0, 4)))
        return {name: self._value(name, fields[name], deep) for name in [*needed, *chosen]}

    def _value(self, name: str, hint: Any, deep: int) -> Any:
        origin: Any = get_origin(hint)
        inner = get_args(hint)
        if origin is NotRequired:
            return self._value(name, inner[0], deep)
        if typing_extensions.is_typeddict(hint):
            return self.wish(hint, deep + 1) if deep < DEEP_MAX else {}
        if origin in (Union, types.UnionType):
            return self._value(name, self.luck.choice([m for m in inner if not untyped(m)]), deep)
        if origin is list:
            return [
                self._value(name.removesuffix("s"), inner[0], deep + 1) for _ in range(self.luck.randint(0, ITEMS_MAX))
            ]
        if origin is dict:
            return {"a": self._value(name, inner[1], deep + 1)}
        return self._plain(name, hint, inner)

    def _plain(self, name: str, hint: Any, words: tuple[Any, ...]) -> str:
        if get_origin(hint) is Literal:
            return str(self.luck.choice(words))
        if hint is bool:
            return self.luck.choice(BOOLEANS)
        if hint in (int, float, Decimal):
            return self.luck.choice(NUMBERS)
        return self.name_of(name) if self.luck.random() < LIKELY else self.luck.choice(WORDS)

    def name_of(self, kind: str) -> str:
        """An id, most often one of the wanted kind."""
        fitting = [i for i in self.ids if i.startswith(PREFIXES.get(kind, " "))]
        return self.luck.choice(fitting if fitting and self.luck.random() < LIKELY else self.ids)


def encoded(params: Any, name: str = "") -> str:
    """The bracketed form of a nested request."""
    if isinstance(params, dict):
        pairs = [encoded(v, f"{name}[{k}]" if name else k) for k, v in params.items()]
    elif isinstance(params, list):
        pairs = [encoded(v, f"{name}[{n}]") for n, v in enumerate(params)]
    else:
        return f"{quote_plus(name)}={quote_plus(str(params))}"
    return "&".join(p for p in pairs if p)
