"""The state in one SQLite file: written whole on request, or row by row as requests change it."""

import sqlite3
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson

from stripe_simulator.clock import Timer
from stripe_simulator.faults import Armed, Fault

if TYPE_CHECKING:
    from stripe_simulator.simulator import Simulator

LAYOUT: Final = 1
SCHEMA: Final = """
create table if not exists rows (kind text, id text, place integer, body blob, primary key (kind, id)) without rowid;
create table if not exists timers (sequence integer primary key, due integer, work text, target text, clock text);
create table if not exists meta (name text primary key, body blob) without rowid;
"""


class Saved:
    """An open state file that follows a simulator. `flush` puts everything since the last one on disk."""

    def __init__(self, simulator: "Simulator", path: str) -> None:
        self.simulator = simulator
        self.connection = opened(path)
        self.timers: dict[int, tuple[Timer, bool]] = {}
        simulator.world.timers.on_change = self._timer_changed

    def _timer_changed(self, timer: Timer, added: bool) -> None:
        self.timers[timer[1]] = (timer, added)

    def flush(self, *, meta: bool = False) -> None:
        """Nothing; every write so far is committed. A killed process loses nothing that was flushed.

        meta: also when no object changed, because the clock, the faults or the settings may have.
        """
        with self.simulator.lock:
            self._flush(meta)

    def _flush(self, meta: bool) -> None:
        store = self.simulator.world.store
        if not meta and not store.dirty and not self.timers:
            return
        changed, self.timers = self.timers, {}
        dirty, store.dirty = store.dirty, set()
        cursor = self.connection.cursor()
        cursor.execute("begin")
        _write_rows(cursor, self.simulator, dirty)
        _write_timers(cursor, changed)
        _write_meta(cursor, self.simulator)
        cursor.execute("commit")

    def write_all(self) -> None:
        """Nothing; the file holds the whole state, whatever it held before."""
        cursor = self.connection.cursor()
        cursor.executescript("begin; delete from rows; delete from timers; commit;")
        tables = self.simulator.world.store.tables
        self.simulator.world.store.dirty = {(kind, name) for kind, table in tables.items() for name in table.rows}
        self.timers = {t[1]: (t, True) for t in self.simulator.world.timers.waiting()}
        self.flush()
        cursor.execute("begin")
        _write_meta(cursor, self.simulator)
        cursor.execute("commit")

    def close(self) -> None:
        """Nothing; the file is closed and no longer follows."""
        self.simulator.world.timers.on_change = None
        self.connection.close()


def opened(path: str) -> sqlite3.Connection:
    """A connection to a state file, created when it is not there. Raises ValueError when it is something else."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = normal")  # a killed process loses nothing; a power cut may
        connection.executescript(SCHEMA)
    except sqlite3.DatabaseError:
        connection.close()
        raise ValueError(f"{path} is not a simulator state file; name another file with --state") from None
    return connection


def _write_rows(cursor: sqlite3.Cursor, simulator: "Simulator", dirty: set[tuple[str, str]]) -> None:
    written, gone = [], []
    for kind, name in dirty:
        table = simulator.world.store.tables[kind]
        row = table.rows.get(name)
        if row is None:
            gone.append((kind, name))
        else:
            written.append((kind, name, table.place[name], orjson.dumps(row)))
    cursor.executemany("insert or replace into rows values (?, ?, ?, ?)", written)
    cursor.executemany("delete from rows where kind = ? and id = ?", gone)


def _write_timers(cursor: sqlite3.Cursor, changed: dict[int, tuple[Timer, bool]]) -> None:
    added = [(t[1], t[0], *t[2:]) for t, is_new in changed.values() if is_new]
    cursor.executemany("insert or replace into timers values (?, ?, ?, ?, ?)", added)
    cursor.executemany("delete from timers where sequence = ?", [(n,) for n, (_, new) in changed.items() if not new])


def _write_meta(cursor: sqlite3.Cursor, simulator: "Simulator") -> None:
    world = simulator.world
    body: dict[str, Any] = {
        "layout": LAYOUT,
        "seed": world.ids.seed,
        "ids": world.ids.count,
        "requests": simulator.requests,
        "seconds": world.clock.seconds,
        "timers": world.timers.sequence,
        "account": asdict(world.account),
        "rights": simulator.access.rights,
        "faults": [asdict(armed) for armed in world.faults.armed],
    }
    cursor.execute("insert or replace into meta values ('simulator', ?)", (orjson.dumps(body),))


def save_all(simulator: "Simulator", path: str) -> None:
    """Nothing; the file holds the whole state."""
    follows = simulator.world.timers.on_change
    saved = Saved(simulator, path)
    saved.write_all()
    saved.close()
    simulator.world.timers.on_change = follows


def load(path: str) -> "Simulator":
    """The simulator that the file holds. Raises FileNotFoundError or ValueError."""
    if not Path(path).is_file():
        raise FileNotFoundError(f"{path} is not there; nothing to load")
    connection = opened(path)
    try:
        found = connection.execute("select body from meta where name = 'simulator'").fetchone()
        if found is None:
            raise ValueError(f"{path} holds no simulator state; name another file with --state")
        return _restored(connection, orjson.loads(found[0]))
    finally:
        connection.close()


def _restored(connection: sqlite3.Connection, meta: dict[str, Any]) -> "Simulator":
    from stripe_simulator.simulator import Simulator
    from stripe_simulator.world import Account

    if meta["layout"] != LAYOUT:
        raise ValueError(f"the state file has layout {meta['layout']}, this version reads {LAYOUT}; start a new one")
    simulator = Simulator(seed=meta["seed"], account_id=meta["account"]["id"], livemode=meta["account"]["livemode"])
    world = simulator.world
    world.account = Account(**meta["account"] | {"retry_days": tuple(meta["account"]["retry_days"])})
    world.clock.seconds, world.ids.count, simulator.requests = meta["seconds"], meta["ids"], meta["requests"]
    simulator.access.rights = meta["rights"]
    world.faults.armed = [Armed(Fault(**a["fault"]), a["seen"], a["struck"]) for a in meta["faults"]]
    world.store.tables.clear()
    for (body,) in connection.execute("select body from rows order by place"):
        world.store.add(orjson.loads(body))
    for sequence, due, work, target, clock in connection.execute("select * from timers"):
        world.timers.push((due, sequence, work, target, clock))
    world.timers.sequence = meta["timers"]
    world.store.dirty.clear()
    return simulator
