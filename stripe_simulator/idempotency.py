"""Idempotency keys: a reply is stored under its key for 24 hours and given again, and then the key is forgotten."""

from hashlib import blake2b
from typing import Final

from stripe_simulator.wire import Json, Refused, Response
from stripe_simulator.world import World

KEY_LIFE_SECONDS: Final = 86_400  # Stripe promises at least this; the simulator keeps not a second more
KEY_CHARS_MAX: Final = 255
KIND: Final = "_idempotency"  # rows of this kind are no Stripe objects


def fingerprint(method: str, path: str, form: str) -> str:
    """What must be equal for a key to be used again."""
    return blake2b(f"{method} {path}\n{form}".encode(), digest_size=16).hexdigest()


def replay(world: World, key: str, print_: str) -> Response | None:
    """The stored reply, marked as replayed; None when the key is new or was pruned.

    Raises Refused when the key is too long, belongs to other parameters, or its first request still runs.
    """
    if len(key) > KEY_CHARS_MAX:
        raise Refused(400, f"Keys for idempotent requests are at most {KEY_CHARS_MAX} characters long")
    row = world.store.find(KIND, key)
    if row is None or row["created"] + KEY_LIFE_SECONDS <= world.clock.seconds:
        return None
    if row["print"] != print_:
        raise Refused(400, MISMATCH.format(key), kind="idempotency_error")
    if row["status"] == 0:
        raise in_use(key)
    return Response(row["status"], {**row["headers"], "Idempotent-Replayed": "true"}, row["body"].encode())


MISMATCH: Final = (
    "Keys for idempotent requests can only be used with the same parameters they were first used with. "
    "Try using a key other than '{}' if you meant to execute a different request."
)


def in_use(key: str) -> Refused:
    """The 409 for a key whose first request has not been answered yet."""
    return Refused(
        409,
        "There is currently another in-progress request using this Idempotent Key "
        f"(that probably means you submitted twice, and the other request is still going through): {key}.",
        "idempotency_key_in_use",
        kind="idempotency_error",
    )


def remember(world: World, key: str, print_: str, response: Response) -> None:
    """Nothing; the reply is kept under its key. Status 0 marks a request that still runs."""
    row: Json = {
        "id": key,
        "object": KIND,
        "created": world.clock.seconds,
        "print": print_,
        "status": response.status,
        "headers": dict(response.headers),
        "body": response.body.decode(),
    }
    if world.store.find(KIND, key):
        world.store.remove(KIND, key)
    world.store.add(row)


def prune(world: World) -> None:
    """Nothing; keys older than 24 virtual hours are forgotten."""
    oldest = world.store.table(KIND)
    for row in list(oldest.oldest()):
        if row["created"] + KEY_LIFE_SECONDS > world.clock.seconds:
            return
        world.store.remove(KIND, row["id"])
