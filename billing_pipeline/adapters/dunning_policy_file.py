"""The dunning policy from its TOML file: every complaint names the line."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import time
from pathlib import Path
from typing import Any, Final

from billing_pipeline.adapters.card_limits_file import read_card_limits
from billing_pipeline.adapters.message_templates import template_faults
from billing_pipeline.domain.dunning_policy import (
    Action,
    Caps,
    Fault,
    Ladder,
    Place,
    Policy,
    Segment,
    Step,
    Timing,
    faults,
)
from billing_pipeline.domain.errors import Broken

HEADER: Final = re.compile(r"^\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
ENTRY: Final = re.compile(r"^\s*([A-Za-z0-9_-]+|\"[^\"]+\")\s*=")
TOML_LINE: Final = re.compile(r"\bline (\d+)")
KINDS: Final = ("business", "consumer")


class Refusal(Exception):
    """A value that cannot be read. Caught here and turned into a complaint with its line."""

    def __init__(self, place: Place, message: str) -> None:
        super().__init__(message)
        self.fault = Fault(place, message)


@dataclass(frozen=True, slots=True)
class Table:
    """One table of the file and where it stands. Every value taken is checked; what nobody takes is a typing error."""

    raw: Mapping[str, Any]
    place: Place

    def get(self, key: str, kind: type, default: Any = None) -> Any:
        """The value of that type, or the default. Raises Refusal."""
        value = self.raw.get(key, default)
        if value is None:
            raise Refusal((*self.place, key), f"{key} is missing here")
        if not isinstance(value, kind) or isinstance(value, bool):
            raise Refusal((*self.place, key), f"{key} must be {NAMES[kind]}, not {value!r}")
        return value

    def only(self, *keys: str) -> None:
        """Nothing. Raises Refusal for a key that is none of these."""
        for key in self.raw:
            if key not in keys:
                raise Refusal((*self.place, key), f"unknown key {key!r}: use one of {', '.join(keys)}")

    def tables(self, key: str) -> list["Table"]:
        """The tables of an array of tables."""
        return [Table(one, (*self.place, key, i)) for i, one in enumerate(_all_of(self, key, dict, []))]


NAMES: Final = {str: "text", int: "a whole number", list: "a list", dict: "a table", time: "a time such as 09:00:00"}


def read_policy(folder: Path, name: str = "dunning.toml") -> Policy:
    """The policy in that folder, with its templates beside it, checked. Raises Broken with the first complaint."""
    complaints, policy = check_policy(folder / name, folder / "templates")
    if complaints or policy is None:
        more = f" (and {len(complaints) - 1} more: `billing-pipeline dunning check`)" if len(complaints) > 1 else ""
        raise Broken(complaints[0] + more)
    return replace(policy, card_limits=read_card_limits(folder))


def candidate(file: Path, folder: Path) -> Policy:
    """The policy in that file, checked against the usual templates. Raises Broken with the first complaint."""
    complaints, found = check_policy(file, folder / "templates")
    if complaints or found is None:
        raise Broken(complaints[0])
    return found


def check_policy(file: Path, templates: Path) -> tuple[list[str], Policy | None]:
    """Every complaint as 'file:line: what and what to do', and the policy where it can be read at all."""
    try:
        source = file.read_bytes().decode()
        raw = tomllib.loads(source)
    except OSError as error:
        return [f"{file}: cannot be read ({error.strerror}): set BILLING_POLICIES to the folder of dunning.toml"], None
    except tomllib.TOMLDecodeError as error:
        at = TOML_LINE.search(str(error))
        return [f"{file}:{at[1] if at else 1}: not TOML: {error}"], None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        return [f"{file}:{line}: not TOML: it is not written in UTF-8"], None
    try:
        policy = parse_policy(Table(raw, ()))
    except Refusal as refusal:
        return [f"{file}:{line_of(source, refusal.fault.place)}: {refusal}"], None
    complaints = [f"{file}:{line_of(source, fault.place)}: {fault.message}" for fault in faults(policy)]
    return complaints + _template_complaints(file, source, templates, policy), policy


def _template_complaints(file: Path, source: str, templates: Path, policy: Policy) -> list[str]:
    """A template nobody wrote is a fault of the line that names it; a fault within one, of its own line."""
    used: dict[str, Place] = {
        step.template: ("ladders", ladder.name, "steps", index, "template")
        for ladder in policy.ladders.values()
        for index, step in enumerate(ladder.steps)
        if step.template
    }
    found: list[str] = []
    for fault in template_faults(templates, policy.languages, [*used, "reinstated"]):
        name = fault.file.name.partition(".")[0]
        if fault.file.parent == templates and not fault.line:
            found.append(f"{file}:{line_of(source, ('languages',))}: {fault.message}")
        elif not fault.line and name in used:
            found.append(f"{file}:{line_of(source, used[name])}: no template {fault.file}: write it or name another")
        else:
            found.append(str(fault))
    return list(dict.fromkeys(found))


def parse_policy(top: Table) -> Policy:
    """The policy that the file describes. Raises Refusal at the first value that cannot be read."""
    top.only("version", "languages", "timing", "caps", "segments", "ladders")
    return Policy(
        version=top.get("version", str),
        languages=_texts(top, "languages") or ("en",),
        ladders=dict(_ladders(Table(top.get("ladders", dict), ("ladders",)))),
        segments=tuple(_segment(table) for table in top.tables("segments")),
        timing=_timing(Table(top.get("timing", dict, {}), ("timing",))),
        caps=_caps(Table(top.get("caps", dict, {}), ("caps",))),
    )


def _timing(table: Table) -> Timing:
    plain = Timing()
    names = ("morning", "quiet_from", "quiet_until", "paydays", "payday_wait_days_max")
    table.only(*names)
    return Timing(
        morning=table.get("morning", time, plain.morning),
        quiet_from=table.get("quiet_from", time, plain.quiet_from),
        quiet_until=table.get("quiet_until", time, plain.quiet_until),
        paydays=_numbers(table, "paydays", plain.paydays),
        payday_wait_days_max=table.get("payday_wait_days_max", int, plain.payday_wait_days_max),
    )


def _caps(table: Table) -> Caps:
    names = ("retries_per_invoice_max", "attempts_per_card_30_days_max", "notices_per_customer_7_days_max")
    table.only(*names)
    return replace(Caps(), **{name: table.get(name, int) for name in names if name in table.raw})


def _segment(table: Table) -> Segment:
    table.only("name", "ladder", "kinds", "plans", "countries", "amounts_from", "amounts_below")
    if unknown := set(_texts(table, "kinds")) - set(KINDS):
        raise Refusal((*table.place, "kinds"), f"unknown kind {min(unknown)!r}: use {' or '.join(KINDS)}")
    return Segment(
        name=table.get("name", str),
        ladder=table.get("ladder", str),
        kinds=frozenset(_texts(table, "kinds")),
        plans=frozenset(_texts(table, "plans")),
        countries=frozenset(_texts(table, "countries")),
        amounts_from=_amounts(table, "amounts_from"),
        amounts_below=_amounts(table, "amounts_below"),
    )


def _ladders(table: Table) -> Iterator[tuple[str, Ladder]]:
    for name in table.raw:
        ladder = Table(table.get(name, dict), (*table.place, name))
        ladder.only("grace_days", "steps")
        steps = tuple(_step(one) for one in ladder.tables("steps"))
        yield name, Ladder(name, steps, ladder.get("grace_days", int, 0))


def _step(table: Table) -> Step:
    table.only("step", "day", "action", "template")
    action = table.get("action", str)
    if action not in list(Action):
        message = f"unknown step {action!r}: use one of {', '.join(Action)}"
        raise Refusal((*table.place, "action"), message)
    return Step(table.get("step", str), table.get("day", int), Action(action), table.get("template", str, ""))


def _texts(table: Table, key: str) -> tuple[str, ...]:
    return tuple(_all_of(table, key, str, []))


def _numbers(table: Table, key: str, default: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(_all_of(table, key, int, list(default)))


def _all_of(table: Table, key: str, kind: type, default: list[Any]) -> list[Any]:
    values: list[Any] = table.get(key, list, default)
    for value in values:
        if not isinstance(value, kind):
            raise Refusal((*table.place, key), f"{key} must hold {NAMES[kind]} only, not {value!r}")
    return values


def _amounts(table: Table, key: str) -> tuple[tuple[str, int], ...]:
    inner = Table(table.get(key, dict, {}), (*table.place, key))
    return tuple((code, inner.get(code, int)) for code in inner.raw)


def line_of(source: str, place: Place) -> int:
    """The line of that place in the TOML source, or of what stands nearest around it."""
    lines = dict(_places(source))
    for length in range(len(place), 0, -1):
        if place[:length] in lines:
            return lines[place[:length]]
    return 1


def _places(source: str) -> Iterator[tuple[Place, int]]:
    """Every table, key, and table within a list of its own, with its line."""
    counts: dict[Place, int] = {}
    here: Place = ()
    listed: Place = ()
    for number, line in enumerate(source.splitlines(), 1):
        if header := HEADER.match(line):
            here = _resolved(tuple(part.strip().strip('"') for part in header[2].split(".")), counts, header[1] == "[[")
            yield here, number
        elif entry := ENTRY.match(line):
            listed = (*here, entry[1].strip('"'))
            yield listed, number
        elif line.lstrip().startswith("{"):
            counts[listed] = counts.get(listed, -1) + 1
            yield (*listed, counts[listed]), number


def _resolved(names: tuple[str, ...], counts: dict[Place, int], is_array: bool) -> Place:
    """The header's names with the index of each array of tables put in, as tomllib nests them."""
    here: Place = ()
    for last, name in ((i == len(names) - 1, name) for i, name in enumerate(names)):
        here = (*here, name)
        if last and is_array:
            counts[here] = counts.get(here, -1) + 1
        if here in counts:
            here = (*here, counts[here])
    return here
