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
    "²",
    "-0",
    "\x00",
    "null",
    "metadata['a']:'b'",
    "2026-01-01",
    "card",
)
NUMBERS: Final = ("0", "1", "2", "3", "50", "100", "700", "4900", "1767225605", "1769904000", "1772323200")
ODD_NUMBERS: Final = (
    "-1",
    "-62135596801",
    "99999999",
    "253402300800",
    "999999999999",
    "-999999999999",
    "9" * 19,
    "9" * 5_000,
    "1e-999999",
    "²",
    "٣",
)
BOOLEANS: Final = ("true", "false")
ITEMS_MAX: Final = 2
DEEP_MAX: Final = 4
LIKELY: Final = 0.85
USUAL: Final = (
    "customer",
    "currency",
    "amount",
    "items",
    "price",
    "product",
    "unit_amount",
    "url",
    "enabled_events",
    "payment_method",
)
"""Parameters that many calls make no sense without, though their types do not say so."""

PLAUSIBLE: Final[dict[str, tuple[str, ...]]] = {
    "currency": ("usd", "usd", "usd", "eur", "jpy"),
    "query": (
        "metadata['a']:'b'",
        "metadata['a']:null",
        "status:'active'",
        "created>1767225600",
        "created<1 AND amount:5",
    ),
    "url": ("http://receiver.invalid", "https://receiver.invalid/hook"),
    "enabled_event": ("*", "invoice.paid", "charge.succeeded"),
    "event_name": ("calls",),
    "unit_amount_decimal": ("12.5", "0.05", "4900"),
    "value": ("1", "25", "b", "2026-01-03", "²", "9" * 400),
    "tax_behavior": ("exclusive", "inclusive"),
}
"""Words that a parameter of that name takes, where its type only says that it is text."""

KINDS: Final = {
    "test_helper": "clock_", "test_clock": "clock_", "balance_transaction": "txn_", "dispute": "du_", "credit_note": "cn_",
    "promotion_code": "promo_", "payout": "po_", "event": "evt_", "billing": "mtr_", "meter": "mtr_", "coupon": "FUZZ",
    "invoice_payment": "inpay_", "discount": "di_", "setup_attempt": "setatt_", "invoice_line_item": "il_", "id": "si_",
}  # fmt: skip
PREFIXES: Final = KINDS | {
    "customer": "cus_", "payment_method": "pm_", "price": "price_", "product": "prod_", "subscription": "sub_",
    "invoice": "in_", "payment_intent": "pi_", "setup_intent": "seti_", "charge": "ch_", "invoiceitem": "ii_",
    "tax_rate": "txr_", "webhook_endpoint": "we_", "refund": "re_", "subscription_item": "si_",
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
        chosen = self.luck.sample(other, min(len(other), self.luck.randint(0, 1 if deep else 4)))
        chosen += [k for k in other if k in USUAL and k not in chosen and self.luck.random() < LIKELY]
        return {name: self._value(name, fields[name], deep) for name in [*needed, *chosen]}

    def _value(self, name: str, hint: Any, deep: int) -> Any:
        origin: Any = get_origin(hint)
        inner = get_args(hint)
        if origin is NotRequired:
            return self._value(name, inner[0], deep)
        if typing_extensions.is_typeddict(hint):
            return self.wish(hint, deep + 1) if deep < DEEP_MAX else {}
        if origin in (Union, types.UnionType):
            members = [m for m in inner if not untyped(m)]
            closed = [m for m in members if get_origin(m) is Literal]
            likely = closed if closed and self.luck.random() < LIKELY else members
            return self._value(name, self.luck.choice(likely), deep)
        if origin is list:
            return [
                self._value(name.removesuffix("s"), inner[0], deep + 1) for _ in range(self.luck.randint(0, ITEMS_MAX))
            ]
        if origin is dict:
            keys = ("a", "sim_decline_times", "sim_decline_until", "stripe_customer_id", "value")
            return {self.luck.choice(keys): self._value("value", inner[1], deep + 1)}
        return self._plain(name, hint, inner)

    def _plain(self, name: str, hint: Any, words: tuple[Any, ...]) -> str:
        if get_origin(hint) is Literal:
            return str(self.luck.choice(words))
        if hint is bool:
            return self.luck.choice(BOOLEANS)
        if name in PLAUSIBLE and self.luck.random() < LIKELY:
            return self.luck.choice(PLAUSIBLE[name])
        if hint in (int, float, Decimal):
            return self.luck.choice(NUMBERS if self.luck.random() < LIKELY else ODD_NUMBERS)
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
