"""Import accounts, prices, subscriptions, usage, credits and open invoices from a file: all of it, or nothing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.intake import WHOLE_MAX, Kind, Refusal, Row, check_header, read_row
from billing_pipeline.domain.intake_kinds import KINDS
from billing_pipeline.domain.ledger import Entry
from billing_pipeline.flows.intake_rows import Frame, Placed, differences, given_value, place
from billing_pipeline.flows.ports import Clock, Json
from billing_pipeline.flows.ports.intake import Imported, IntakeStore, Sheet, TableRow


@dataclass(frozen=True, slots=True)
class How:
    """skip_refused: take the good rows. update: change what may change. dry: look only. The rest: see settings."""

    skip_refused: bool = False
    update: bool = False
    dry: bool = False
    by: str = ""
    run_id: str = ""
    collect_from: date | None = None
    zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Sorted:
    """Rows by what is to be done with them."""

    new: list[Row]
    changed: list[Row]
    known: int


def import_rows(store: IntakeStore, clock: Clock, kind_name: str, sheet: Sheet, how: How) -> Imported:
    """What came of the file, taken in one transaction; with a refusal in it nothing is taken, unless how says so.

    A file that was taken whole before, and a row that is there and says the same, change nothing. Raises Broken on an
    unknown kind or a header that does not fit it.
    """
    kind = kind_named(kind_name)
    check_header(kind, sheet.header)
    with store.transaction():
        if store.imported_before(kind.name, sheet.digest):
            return Imported(kind.name, len(sheet.lines), 0, 0, len(sheet.lines), (), again=True)
        good, refused = read_sheet(kind, sheet)
        frame = Frame(clock.now(), how.zone, store.open_day, how.collect_from, parents(store, kind, good))
        rows = sort_rows(store, kind, orphans_refused(kind, good, frame, refused), refused, how.update)
        placed = place_all(kind, rows.new, frame, refused)
        told = tuple(sorted(refused, key=lambda refusal: (refusal.row, refusal.column)))
        if told and not how.skip_refused:
            return Imported(kind.name, len(sheet.lines), 0, 0, rows.known, told, dry=how.dry)
        done = Imported(kind.name, len(sheet.lines), len(placed), len(rows.changed), rows.known, told, dry=how.dry)
        if not how.dry:
            write(store, kind, placed, rows.changed, how, frame)
            store.remember(sheet, done, how.by, frame.now)
    return done


def kind_named(name: str) -> Kind:
    """The kind of file of that name. Raises Broken when there is none."""
    if name not in KINDS:
        raise Broken(f"cannot import {name!r}: use {', '.join(KINDS)}")
    return KINDS[name]


def read_sheet(kind: Kind, sheet: Sheet) -> tuple[list[Row], list[Refusal]]:
    """The rows that can be read, and what is wrong with the others; of rows with one key only the first is read."""
    good: dict[str, Row] = {}
    refused: list[Refusal] = []
    for number, cells in sheet.lines:
        row = read_row(kind, number, cells)
        if isinstance(row, list):
            refused += row
        elif row.key in good:
            before = good[row.key].number
            refused.append(Refusal(number, kind.key[0], f"{row.key!r} is in row {before} already: keep one"))
        else:
            good[row.key] = row
    return list(good.values()), refused


def parents(store: IntakeStore, kind: Kind, rows: Sequence[Row]) -> dict[str, dict[str, Json]]:
    """The rows that these refer to, by kind and key."""
    found: dict[str, dict[str, Json]] = {}
    for column in kind.columns:
        if column.refers:
            keys = sorted({str(row.values[column.field]) for row in rows if row.values[column.field] is not None})
            found.setdefault(column.refers, {}).update(store.existing(KINDS[column.refers].table, keys))
    return found


def orphans_refused(kind: Kind, rows: Iterable[Row], frame: Frame, refused: list[Refusal]) -> list[Row]:
    """The rows whose parents are there; the others are added to refused."""
    kept = []
    for row in rows:
        missing = [
            Refusal(row.number, column.name, f"no {column.refers} {row.values[column.field]!r}: import those first")
            for column in kind.columns
            if column.refers and row.values[column.field] is not None
            and str(row.values[column.field]) not in frame.parents[column.refers]
        ]  # fmt: skip
        refused += missing
        kept += [] if missing else [row]
    return kept


def sort_rows(store: IntakeStore, kind: Kind, rows: list[Row], refused: list[Refusal], update: bool) -> Sorted:
    """New rows, rows to change, and how many are known; a row that differs from the one that is there is refused."""
    there = store.existing(kind.table, [row.key for row in rows])
    new = [row for row in rows if row.key not in there]
    moved = {
        row: changed
        for row in rows
        if row.key in there and (changed := differences(row.values, row.given, there[row.key]))
    }
    allowed = [row for row, changed in moved.items() if update and kind.changeable.issuperset(changed)]
    for row in moved.keys() - set(allowed):
        refused.append(Refusal(row.number, moved[row][0], differs(kind, row.key, moved[row])))
    if kind.name == "tiers":
        refused += uneven_tiers(new, there)
    return Sorted(new, allowed, len(rows) - len(new) - len(moved))


def differs(kind: Kind, key: str, changed: list[str]) -> str:
    """The complaint about a row that is there with other contents."""
    remedy = "use --update" if kind.changeable.issuperset(changed) else "it cannot be changed by a file"
    return f"{key!r} is there with another {', '.join(changed)}: {remedy}, or leave the row out"


@dataclass(frozen=True, slots=True)
class Step:
    """A tier in its ladder. up_to: a number above all others where it has no end. row: 0 for one that is there."""

    price: str
    tier_no: int
    up_to: int
    row: int

    @classmethod
    def of(cls, values: Mapping[str, object], row: int) -> "Step":
        """The step of a row."""
        price, tier_no, up_to = (values[name] for name in ("price_id", "tier_no", "up_to"))
        return cls(str(price), int(str(tier_no)), WHOLE_MAX + 1 if up_to is None else int(str(up_to)), row)


def uneven_tiers(rows: list[Row], there: Mapping[str, Json]) -> list[Refusal]:
    """Refusals of tiers that overlap or have a hole: up_to must grow with tier_no, and only the last may be empty."""
    steps = [Step.of(row.values, row.number) for row in rows] + [Step.of(known, 0) for known in there.values()]
    ladder = sorted(steps, key=lambda step: (step.price, step.tier_no))
    return [
        Refusal(
            after.row or before.row, "up_to",
            f"tier {after.tier_no} of {after.price} overlaps tier {before.tier_no}: let up_to grow with tier_no",
        )
        for before, after in pairwise(ladder)
        if before.price == after.price and before.up_to >= after.up_to
    ]  # fmt: skip


def place_all(kind: Kind, rows: Iterable[Row], frame: Frame, refused: list[Refusal]) -> list[Placed]:
    """What the rows become; those that cannot be are added to refused."""
    bad = {refusal.row for refusal in refused}
    placed = []
    for row in rows:
        if row.number in bad:
            continue
        try:
            placed.append(place(kind.name, row, frame))
        except Broken as error:
            refused.append(Refusal(row.number, "", str(error)))
    return placed


def write(
    store: IntakeStore, kind: Kind, placed: Sequence[Placed], changed: Sequence[Row], how: How, frame: Frame
) -> None:
    """Nothing; afterwards the rows are there and their entries in the books."""
    tables: dict[str, list[TableRow]] = {}
    for each in placed:
        for table, row in each.rows:
            tables.setdefault(table, []).append(row)
    for table, rows in tables.items():
        store.add(table, rows)
    entries: list[Entry] = [each.entry for each in placed if each.entry]
    store.write(entries, how.run_id, frame.now)
    store.change(kind.table, [changes_of(kind, row) for row in changed])


def changes_of(kind: Kind, row: Row) -> TableRow:
    """The changeable fields of a row, None where it has no cell of its own."""
    return {"key": row.key} | {name: given_value(row, name) for name in sorted(kind.changeable)}
