"""The inbox in PostgreSQL: the one way in for facts."""

import re
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.flows.ports import Fact

STAGED_FROM: Final = 100  # facts: from here on COPY costs less than one statement with all of them
NUL: Final = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")
"""An escaped NUL, but not a backslash that happens to stand before u0000."""


@dataclass(frozen=True, slots=True)
class InboxStore:
    """Puts facts in. Shares the open transaction of any other store on the same database."""

    db: Database

    def transaction(self) -> AbstractContextManager[object]:
        """One transaction; an inner one joins the outer."""
        return self.db.transaction()

    def put(self, facts: list[Fact], now: datetime) -> int:
        """Store facts not seen before; how many were new. A fact told twice changes nothing."""
        return put_facts(self.db, facts, now)


def put_facts(db: Database, facts: Sequence[Fact], now: datetime) -> int:
    """Store facts not seen before; how many were new."""
    if not facts:
        return 0
    if len(facts) < STAGED_FROM:
        return db.run_many("inbox/put", [{"facts": as_facts([fact_row(fact, now) for fact in facts])}])
    with db.transaction():
        db.run("inbox/stage")
        rows = [fact_row(fact, now) for fact in facts]
        db.copy("staged_facts", list(rows[0]), (list(row.values()) for row in rows))
        return db.run("inbox/put_staged")


def as_facts(rows: Sequence[dict[str, Any]]) -> str:
    """The rows as the parameter of inbox/put.sql. Raises TypeError on text that is no Unicode."""
    return orjson.dumps(rows).decode()


def fact_row(fact: Fact, now: datetime) -> dict[str, Any]:
    """The fact as a row of the inbox. The payload stays the text it came as: parsing it again would cost more."""
    return {
        "event_id": fact.event_id,
        "source": fact.source,
        "type": fact.type,
        "object_type": fact.object_type,
        "object_id": fact.object_id,
        "fact_key": fact.fact_key,
        "api_version": fact.api_version,
        "livemode": fact.livemode,
        "occurred_at": fact.occurred_at,
        "received_at": now,
        "idempotency_key": fact.idempotency_key,
        "payload": storable(fact.payload_json),
    }


def storable(text: str) -> str:
    """The JSON text without what PostgreSQL's jsonb cannot hold: the character NUL, and halves of surrogate pairs."""
    if "\\u0000" in text:
        text = NUL.sub(r"\1", text)
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
