"""Lists: newest first, cursors by id, ranges of `created`, `has_more`."""

import heapq
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice, takewhile
from typing import Any, Final, TypeAlias

from stripe_simulator.faults import PAGE, Occasion
from stripe_simulator.store import Table, born
from stripe_simulator.wire import Json, invalid, no_such
from stripe_simulator.world import World

LIMIT_DEFAULT: Final = 10
LIMIT_MAX: Final = 100

Keep: TypeAlias = Callable[[Json], bool]
By: TypeAlias = tuple[str, Sequence[Any]]  # an indexed field and the values wanted


def page(world: World, kind: str, params: Json, url: str, by: By | None = None, keep: Keep | None = None) -> Json:
    """One list object of rows as they are stored; the caller's reply is rendered and expanded later."""
    table, limit = world.store.table(kind), limit_of(params)
    low, high = created_range(params.get("created"))
    backwards = "ending_before" in params
    if backwards and "starting_after" in params:
        raise invalid("You cannot use both starting_after and ending_before", "ending_before")
    rows = _walk(table, kind, params, by, (low, high))
    wanted = (r for r in rows if low <= born(r) <= high and (keep is None or keep(r)))
    found = list(islice(wanted, limit + 1))
    data = found[:limit]
    if world.faults.take(PAGE, Occasion("get", url)) and len(data) > 1:
        del data[len(data) // 2]  # hidden from this reading, there in the next one
    return {
        "object": "list",
        "data": data[::-1] if backwards else data,
        "has_more": len(found) > limit,
        "url": url,
    }


def whole(rows: Iterable[Json], params: Json, url: str) -> Json:
    """One page of a list that is kept inside another object, in its own order."""
    limit, data = limit_of(params), list(rows)
    names = [r["id"] for r in data]
    for cursor in ("starting_after", "ending_before"):
        if cursor in params and params[cursor] not in names:
            raise no_such("object", params[cursor], cursor, 400)
    if "starting_after" in params:
        data = data[names.index(params["starting_after"]) + 1 :]
    if "ending_before" in params:
        data = data[: names.index(params["ending_before"])][-limit:]
    return {"object": "list", "data": data[:limit], "has_more": len(data) > limit, "url": url}


def limit_of(params: Json) -> int:
    """How many rows the caller wants, 1 to 100. Raises Refused outside of that."""
    limit = int(params.get("limit", LIMIT_DEFAULT))
    if not 1 <= limit <= LIMIT_MAX:
        raise invalid(f"Invalid limit: must be between 1 and {LIMIT_MAX}", "limit", "parameter_invalid_integer")
    return limit


def created_range(given: Any) -> tuple[int, int]:
    """The first and the last second wanted, both included."""
    low, high = 0, 2**62
    if isinstance(given, int):
        return given, given
    for name, value in (given or {}).items():
        low = max(low, {"gt": value + 1, "gte": value}.get(name, low))
        high = min(high, {"lt": value - 1, "lte": value}.get(name, high))
    return low, high


def _walk(table: Table, kind: str, params: Json, by: By | None, span: tuple[int, int]) -> Iterator[Json]:
    if "ending_before" in params:
        above = _place(table, kind, params, "ending_before")
        if not table.in_order:
            return _merged(table, by, above, ascending=True)
        above = max(above, bisect_left(table.created, span[0]) - 1)
        return _while(_merged(table, by, above, ascending=True), table, range(bisect_right(table.created, span[1])))
    below = len(table.order)
    if "starting_after" in params:
        below = _place(table, kind, params, "starting_after")
    if not table.in_order:
        return _merged(table, by, below, ascending=False)
    below = min(below, bisect_right(table.created, span[1]))
    lowest = bisect_left(table.created, span[0])
    return _while(_merged(table, by, below, ascending=False), table, range(lowest, len(table.order)))


def _while(rows: Iterator[Json], table: Table, places: range) -> Iterator[Json]:
    return takewhile(lambda row: table.place[row["id"]] in places, rows)


def _place(table: Table, kind: str, params: Json, cursor: str) -> int:
    if params[cursor] not in table.place:
        raise no_such(kind, params[cursor], cursor, 400)
    return table.place[params[cursor]]


def _merged(table: Table, by: By | None, edge: int, *, ascending: bool) -> Iterator[Json]:
    def one(field: str = "", value: Any = None) -> Iterator[Json]:
        return table.oldest(field, value, edge) if ascending else table.newest(field, value, edge)

    if by is None:
        return one()
    field, values = by
    if len(values) == 1:
        return one(field, values[0])
    return heapq.merge(*(one(field, v) for v in values), key=lambda r: table.place[r["id"]], reverse=not ascending)
