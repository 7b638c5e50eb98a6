"""What an object looks like from outside: hidden attributes gone, and the fields that need another object filled in."""

from collections.abc import Callable
from typing import Final

import orjson

from stripe_simulator.store import HIDDEN
from stripe_simulator.versions import as_of, needed
from stripe_simulator.wire import Json

LINES_SHOWN_MAX: Final = 10  # an invoice carries its first lines; the rest is at /v1/invoices/:id/lines


def public(row: Json) -> Json:
    """The object as a reply shows it; nothing in it is expanded."""
    shown = {k: v for k, v in row.items() if k != HIDDEN}
    special = None if row.get("deleted") else SHOWN.get(row["object"])
    return special(shown, row) if special else shown


def _event(shown: Json, row: Json) -> Json:
    hidden = row[HIDDEN]
    body: object = orjson.Fragment(hidden["body"])
    if needed(row["api_version"]):
        body = as_of(row["api_version"], orjson.loads(hidden["body"]))
    shown["data"] = {"object": body}
    if hidden["previous"] is not None:
        shown["data"]["previous_attributes"] = {k: v for k, v in hidden["previous"].items() if k != HIDDEN}
    return shown


def _invoice(shown: Json, row: Json) -> Json:
    lines = row["lines"]
    if len(lines["data"]) > LINES_SHOWN_MAX:
        shown["lines"] = {**lines, "data": lines["data"][:LINES_SHOWN_MAX], "has_more": True}
    return shown


SHOWN: Final[dict[str, Callable[[Json, Json], Json]]] = {"event": _event, "invoice": _invoice}
