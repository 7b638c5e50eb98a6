"""`expand`: ids become objects, up to four levels deep, only where the SDK's own types say that a field can."""

import functools
import importlib
import types
from collections.abc import Callable
from typing import Any, Final, ForwardRef, TypeAlias, Union, get_args, get_origin

from stripe._object_classes import OBJECT_CLASSES
from stripe._stripe_object import StripeObject

from stripe_simulator.render import public
from stripe_simulator.wire import Json, invalid
from stripe_simulator.world import World

LEVELS_MAX: Final = 4

Included: TypeAlias = Callable[[World, Json], Any]
INCLUDED: Final[dict[tuple[str, str], Included]] = {}  # fields that are absent unless expanded


def included(kind: str, name: str) -> Callable[[Included], Included]:
    """A decorator: the function gives the value of a field that a reply carries only when expanded."""

    def register(give: Included) -> Included:
        INCLUDED[kind, name] = give
        return give

    return register


def shown(world: World, row: Json, paths: list[str]) -> Json:
    """The object (or list) as a reply shows it, with every path expanded. Raises Refused for a path that cannot be."""
    out = _list(row) if row.get("object") in ("list", "search_result") else public(row)
    for path in paths:
        steps = path.split(".")
        if sum(step != "data" for step in steps) > LEVELS_MAX:
            raise invalid(f"You cannot expand more than {LEVELS_MAX} levels of a property: {path[:80]}", "expand")
        _expand(world, out, steps, path, None)
    return out


def _list(row: Json) -> Json:
    return {**row, "data": [public(r) for r in row["data"]]}


def _expand(world: World, here: Any, steps: list[str], path: str, cls: Any) -> None:
    if isinstance(here, list):
        for one in here:
            _expand(world, one, steps, path, cls)
        return
    if not isinstance(here, dict) or not steps:
        return
    name, kind = steps[0], here.get("object")
    cls = class_of(str(kind)) or cls
    if (str(kind), name) in INCLUDED and name not in here:
        here[name] = INCLUDED[str(kind), name](world, here)
    elif not (kind in ("list", "search_result") and name == "data"):
        here[name] = _opened(world, here.get(name), field_of(cls, name), path)
    _expand(world, here[name], steps[1:], path, field_of(cls, name)[1])


def _opened(world: World, value: Any, field: tuple[bool, Any], path: str) -> Any:
    """A copy of the value with its ids replaced by objects."""
    can, nested = field
    if not can and nested is None:
        raise invalid(f"This property cannot be expanded ({path[:80]}).", "expand")
    if isinstance(value, list):
        return [_opened(world, one, field, path) for one in value]
    if isinstance(value, dict):
        return dict(value)
    return fetched(world, value) if can and value else value


def fetched(world: World, name: str) -> Any:
    """The object with this id, rendered; the id itself when nothing has it."""
    for table in world.store.tables.values():
        if name in table.rows:
            return public(table.rows[name])
    return name


@functools.cache
def class_of(kind: str) -> Any:
    """The SDK's class of an object kind; None when the SDK has none."""
    found = OBJECT_CLASSES.get(kind)
    return getattr(importlib.import_module(found[0]), found[1]) if found else None


@functools.cache
def field_of(cls: Any, name: str) -> tuple[bool, Any]:
    """Whether the field can be expanded, and the class of what is nested in it (None: nothing is)."""
    hint = getattr(cls, "__annotations__", {}).get(name)
    if hint is None:
        return False, None
    can, nested = False, None
    for union in _unions(hint):
        members = get_args(union)
        can = can or (str in members and any(_is_object(m) for m in members))
    for member in _leaves(hint):
        nested = member if _is_object(member) else nested
    return can, nested


def _is_object(member: Any) -> bool:
    return isinstance(member, ForwardRef) or (isinstance(member, type) and issubclass(member, StripeObject))


def _unions(hint: Any) -> list[Any]:
    inner = [u for a in get_args(hint) for u in _unions(a)]
    return [hint, *inner] if get_origin(hint) in (Union, types.UnionType) else inner


def _leaves(hint: Any) -> list[Any]:
    return [leaf for a in get_args(hint) for leaf in _leaves(a)] or [hint]
