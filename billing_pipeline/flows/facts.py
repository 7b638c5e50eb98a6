"""Facts on their way into the inbox, one maker per source, so that the same fact always gets the same name."""

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from billing_pipeline.domain.events import ANSWER, fact_key, id_of
from billing_pipeline.flows.ports import Fact, Json, Source

NO_MOMENT: Final = datetime(1970, 1, 1, tzinfo=UTC)
ENCODER: Final = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)
DIGEST_LENGTH: Final = 12  # 48 bits tell the states of one object apart


def canonical(payload: Mapping[str, Any]) -> str:
    """The payload as JSON text without spaces, as the inbox stores it."""
    return ENCODER.encode(payload)


def event_fact(event: Json, source: Source, dump: Callable[[Json], str] = canonical) -> Fact:
    """The fact that one of Stripe's event objects tells. Raises KeyError on an event without its required fields.

    dump: how the payload becomes JSON text; a caller in a hurry brings a faster one.
    """
    payload, request = event["data"]["object"], event.get("request") or {}
    return Fact(
        event_id=event["id"],
        source=source,
        type=event["type"],
        object_type=str(payload.get("object", "")),
        object_id=str(payload.get("id") or ""),
        fact_key=fact_key(payload),
        occurred_at=datetime.fromtimestamp(event["created"], UTC),
        payload_json=dump(payload),
        api_version=event.get("api_version") or "",
        livemode=bool(event["livemode"]),
        idempotency_key=request.get("idempotency_key") or "",
    )


def reply_fact(
    attempt_id: int, reply: Json, occurred_at: datetime, *, api_version: str, idempotency_key: str = ""
) -> Fact:
    """The fact that Stripe's answer to our own call tells: its name is the attempt's."""
    return _object_fact(f"{ANSWER}{attempt_id}", "reply", "reply", reply, occurred_at, api_version, idempotency_key)


def swept_fact(found: Json, *, api_version: str) -> Fact:
    """The fact that an object found by a sweep tells. Its name changes with anything in the object: told again, it is new."""
    seen = hashlib.sha256(canonical(found).encode()).hexdigest()[:DIGEST_LENGTH]
    event_id = f"sweep:{found['id']}:{found.get('status') or ''}:{seen}"
    return _object_fact(event_id, "sweep", "swept", found, moment_of(found), api_version, "")


def own_fact(  # long because a fact says all of this about itself
    source: Source,
    fact_type: str,
    object_type: str,
    object_id: str,
    occurred_at: datetime,
    payload: Json,
    *,
    name: str = "",
) -> Fact:
    """A fact about our own objects. name: what tells it from the next one of its kind; the moment where nothing is said."""
    event_id = f"{source}:{fact_type}:{object_id}:{name or occurred_at.isoformat()}"
    return Fact(
        event_id=event_id,
        source=source,
        type=fact_type,
        object_type=object_type,
        object_id=object_id,
        fact_key=event_id,
        occurred_at=occurred_at,
        payload_json=canonical(payload),
    )


def moment_of(found: Json) -> datetime:
    """When what the object says came true, as near as the object itself can tell.

    For a succeeded intent the moment its money was booked (balance transaction), else its charge's, else its own birth.
    """
    charge = found.get("latest_charge")
    transaction = charge.get("balance_transaction") if isinstance(charge, Mapping) else None
    for told in (transaction, charge, found):
        if isinstance(told, Mapping) and told.get("created"):
            return datetime.fromtimestamp(told["created"], UTC)
    return NO_MOMENT


def _object_fact(  # long because a fact says all of this about itself
    event_id: str, source: Source, last: str, found: Json, occurred_at: datetime, api_version: str, idempotency_key: str
) -> Fact:
    return Fact(
        event_id=event_id,
        source=source,
        type=f"{found['object']}.{last}",
        object_type=str(found["object"]),
        object_id=id_of(found),
        fact_key=fact_key(found),
        occurred_at=occurred_at,
        payload_json=canonical(found),
        api_version=api_version,
        livemode=bool(found.get("livemode")),
        idempotency_key=idempotency_key,
    )
