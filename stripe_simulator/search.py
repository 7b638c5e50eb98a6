"""Search: the query language on the fields that billing needs, with a lag that can be set."""

import re
from typing import Any, Final, TypeAlias

from stripe_simulator.listing import LIMIT_DEFAULT, limit_of
from stripe_simulator.wire import Json, invalid
from stripe_simulator.world import World

CLAUSE: Final = re.compile(
    r"""\s*(?P<no>-)?(?P<field>\w+)(\[\s*(?P<k>"[^"]*"|'[^']*')\s*\])?\s*(?P<op>:|~|>=|<=|>|<)\s*"""
    r"""(?P<value>"[^"]*"|'[^']*'|-?\d+|null|true|false)\s*"""
)
JOIN: Final = re.compile(r"(AND|OR)\b", re.IGNORECASE)

Clause: TypeAlias = tuple[bool, str, str, str, str]  # negated, field, metadata key, operator, value


def search(world: World, kind: str, params: Json, url: str) -> Json:
    """One search_result, newest first; objects younger than the account's search lag are not found yet."""
    clauses, joined_by = parsed(params["query"])
    horizon = world.clock.seconds - world.account.search_lag_seconds
    combine = any if joined_by == "OR" else all
    found = [
        row
        for row in world.store.table(kind).newest()
        if not row.get("deleted") and row["created"] <= horizon and combine(_holds(c, row) for c in clauses)
    ]
    start = _start(params.get("page"))
    limit = limit_of({"limit": params.get("limit", LIMIT_DEFAULT)})
    more = len(found) > start + limit
    return {
        "object": "search_result",
        "data": found[start : start + limit],
        "has_more": more,
        "next_page": f"page_{start + limit}" if more else None,
        "url": url,
    }


def _start(page: str | None) -> int:
    if page is None:
        return 0
    if not re.fullmatch(r"page_\d{1,9}", page):
        raise invalid("Invalid page", "page")
    return int(page[5:])


def parsed(query: str) -> tuple[list[Clause], str]:
    """The clauses and the word that joins them. Raises Refused when the query cannot be read."""
    clauses: list[Clause] = []
    joins, at = set(), 0
    while True:
        match = CLAUSE.match(query, at)
        if not match:
            raise invalid(f"We were unable to parse your search query: {query[:100]}", "query")
        clauses.append(_clause(match))
        at = match.end()
        if at >= len(query):
            break
        if join := JOIN.match(query, at):
            joins.add(join.group(1).upper())
            at = join.end()
    if len(joins) > 1:
        raise invalid("You cannot combine AND and OR in one search query", "query")
    return clauses, joins.pop() if joins else "AND"


def _clause(match: re.Match[str]) -> Clause:
    key = (match["k"] or "").strip("'\"")
    return bool(match["no"]), match["field"], key, match["op"], match["value"].strip("'\"")


def _holds(clause: Clause, row: Json) -> bool:
    negated, field, key, op, value = clause
    have: Any = row.get(field)
    if key:
        have = (have or {}).get(key) if isinstance(have, dict) else None
    return _compared(have, op, value) != negated


def _compared(have: Any, op: str, value: str) -> bool:
    if value == "null":
        return have is None
    if have is None:
        return False
    if op == ":":
        return str(have).lower() == value.lower()
    if op == "~":
        return value.lower() in str(have).lower()
    if not isinstance(have, int) or not re.fullmatch(r"-?[0-9]{1,18}", value):
        return False
    return {">": have > int(value), ">=": have >= int(value), "<": have < int(value), "<=": have <= int(value)}[op]
