"""JSON text in a hurry."""

from collections.abc import Mapping
from typing import Any

import orjson

from billing_pipeline.flows.facts import canonical


def as_text(payload: Mapping[str, Any]) -> str:
    """Compact JSON text, a tenth of the time of the standard library's; that one writes what this one refuses."""
    try:
        return orjson.dumps(payload).decode()
    except TypeError:
        return canonical(payload)
