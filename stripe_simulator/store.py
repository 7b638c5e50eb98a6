"""The state: tables of Stripe objects with indexes, an undo journal, and the set of rows that a save must write."""

from bisect import bisect_left, insort
from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

from stripe_simulator.wire import Json

HIDDEN: Final = "_"  # attributes of an object that Stripe knows and never shows

INDEXES: Final[Mapping[str, tuple[str, ...]]] = {
    "payment_intent": ("customer",),
    "charge": ("customer", "payment_intent"),
    "refund": ("charge", "payment_intent"),
    "dispute": ("charge", "payment_intent"),
    "balance_transaction": ("source", "type", "_payout", "_pool", "_due"),
    "payment_method": ("customer",),
    "setup_intent": ("customer",),
    "setup_attempt": ("setup_intent",),
    "event": ("type", "pending_webhooks"),
    "subscription": ("customer",),
    "invoice": ("customer", "_subscription"),
    "invoiceitem": ("customer", "invoice", "_pending"),
    "invoice_payment": ("invoice", "_payment_intent"),
    "credit_note": ("invoice", "customer"),
    "price": ("product", "lookup_key"),
    "customer": ("email",),
    "customer_balance_transaction": ("customer",),
    "promotion_code": ("code",),
    "tax_id": ("customer",),
    "billing.meter_event": ("_meter",),
    "webhook_delivery": ("endpoint", "state"),
}


class Table:
    """Objects of one kind in order of creation; every write is O(log n), apart from moving list slots."""

    __slots__ = ("by", "created", "first", "in_order", "order", "place", "rows")

    def __init__(self, fields: tuple[str, ...] = ()) -> None:
        self.rows: dict[str, Json] = {}
        self.order: list[str | None] = []  # None: deleted
        self.place: dict[str, int] = {}
        self.created: list[int] = []
        self.first = 0  # no row is left before this place
        self.in_order = True  # false once a test clock made `created` jump
        self.by: dict[str, dict[Any, list[int]]] = {field: {} for field in fields}

    def add(self, row: Json) -> None:
        """Nothing; the row is the newest of its kind."""
        at, created = len(self.order), born(row)
        if self.created and created < self.created[-1]:
            self.in_order = False
        self.rows[row["id"]] = row
        self.order.append(row["id"])
        self.created.append(created)
        self.place[row["id"]] = at
        for field, index in self.by.items():
            index.setdefault(peek(row, field), []).append(at)

    def reindex(self, row: Json, field: str, old: Any, new: Any) -> None:
        """Nothing; the index of `field` follows the change from `old` to `new`."""
        if field in self.by and old != new:
            at = self.place[row["id"]]
            self._unlist(self.by[field], old, at)
            insort(self.by[field].setdefault(new, []), at)

    def remove(self, name: str) -> None:
        """Nothing; the row is gone and leaves a gap in the order."""
        row, at = self.rows.pop(name), self.place.pop(name)
        self.order[at] = None
        while self.first < len(self.order) and self.order[self.first] is None:
            self.first += 1
        for field, index in self.by.items():
            self._unlist(index, peek(row, field), at)

    @staticmethod
    def _unlist(index: dict[Any, list[int]], value: Any, at: int) -> None:
        places = index.get(value, [])
        where = bisect_left(places, at)
        if where < len(places) and places[where] == at:
            del places[where]
        if not places:
            index.pop(value, None)

    def restore(self, row: Json, at: int) -> None:
        """Nothing; a removed row is back at its old place."""
        self.rows[row["id"]] = row
        self.order[at] = row["id"]
        self.first = min(self.first, at)
        self.place[row["id"]] = at
        for field, index in self.by.items():
            insort(index.setdefault(peek(row, field), []), at)

    def newest(self, field: str = "", value: Any = None, below: int | None = None) -> Iterator[Json]:
        """Rows newest first, of one index value when `field` is given, before place `below`."""
        places: list[int] | range = self.by[field].get(value, []) if field else range(self.first, len(self.order))
        end = len(places) if below is None else bisect_left(places, below)
        for where in range(end - 1, -1, -1):
            if (name := self.order[places[where]]) is not None:
                yield self.rows[name]

    def oldest(self, field: str = "", value: Any = None, above: int = -1) -> Iterator[Json]:
        """Rows oldest first, of one index value when `field` is given, after place `above`."""
        places: list[int] | range = self.by[field].get(value, []) if field else range(self.first, len(self.order))
        for where in range(bisect_left(places, above + 1), len(places)):
            if (name := self.order[places[where]]) is not None:
                yield self.rows[name]


def born(row: Json) -> int:
    """When the object was created, in unix seconds; invoice items call it `date`."""
    return int(row.get("created") or row.get("date") or 0)


def peek(row: Json, field: str) -> Any:
    """An attribute of the row; a leading underscore reads a hidden one."""
    return row.get(HIDDEN, {}).get(field[1:]) if field[0] == "_" else row.get(field)


Undo: TypeAlias = tuple[str, str, Json | None, int]  # kind, id, the row before (None: it did not exist), its place


class Store:
    """All tables. `dirty` holds (kind, id) of rows that were written since the last save."""

    def __init__(self) -> None:
        self.tables: dict[str, Table] = {}
        self.dirty: set[tuple[str, str]] = set()
        self.journal: list[Undo] | None = None

    def table(self, kind: str) -> Table:
        """The table of one kind of object; an empty one when nothing of the kind exists yet."""
        if kind not in self.tables:
            self.tables[kind] = Table(INDEXES.get(kind, ()))
        return self.tables[kind]

    def find(self, kind: str, name: str) -> Json | None:
        """The row, or None."""
        table = self.tables.get(kind)
        return table.rows.get(name) if table else None

    def add(self, row: Json) -> Json:
        """The row, now stored under its own `object` and `id`."""
        kind = row["object"]
        self._note(kind, row["id"], None, 0)
        self.table(kind).add(row)
        return row

    def change(self, row: Json, changes: Mapping[str, Any]) -> Json:
        """The old values of what really changed. The row is changed in place, nested values are replaced whole."""
        old = {k: row.get(k) for k, v in changes.items() if k not in row or row[k] != v}
        if not old:
            return old
        table = self.tables[row["object"]]
        self._note(row["object"], row["id"], dict(row), table.place[row["id"]])
        for key, before in old.items():
            row[key] = changes[key]
            table.reindex(row, key, before, changes[key])
        return old

    def hide(self, row: Json, **changes: Any) -> None:
        """Nothing; hidden attributes of the row are set."""
        table, before = self.tables[row["object"]], row.get(HIDDEN, {})
        self._note(row["object"], row["id"], dict(row), table.place[row["id"]])
        row[HIDDEN] = before | changes
        for key, value in changes.items():
            table.reindex(row, f"_{key}", before.get(key), value)

    def replace(self, row: Json) -> Json:
        """The row, in the place of the one with the same id."""
        table = self.tables[row["object"]]
        at = table.place[row["id"]]
        self._note(row["object"], row["id"], table.rows[row["id"]], at)
        table.remove(row["id"])
        table.restore(row, at)
        return row

    def remove(self, kind: str, name: str) -> None:
        """Nothing; the row is gone."""
        table = self.tables[kind]
        self._note(kind, name, table.rows[name], table.place[name])
        table.remove(name)

    def _note(self, kind: str, name: str, before: Json | None, at: int) -> None:
        self.dirty.add((kind, name))
        if self.journal is not None:
            self.journal.append((kind, name, before, at))

    def undo_to(self, mark: int) -> None:
        """Nothing; every write after the journal's `mark` is taken back."""
        journal, self.journal = self.journal or [], None
        for kind, name, before, at in reversed(journal[mark:]):
            table = self.tables[kind]
            if name in table.rows:
                table.remove(name)
            if before is not None:
                table.restore(before, at)
        self.journal = journal[:mark]
