"""The lake: what was extracted, as immutable Parquet files, one folder per table and run, with a manifest per run.

A file is written beside its place and renamed; a run counts only when its manifest is there, and the manifest is
written last. So a killed run leaves nothing that anybody reads, and a damaged file is named before it is believed.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from billing_pipeline.adapters.home import locked, prepare
from billing_pipeline.domain.errors import Broken

COMPRESSION: Final = "zstd"  # a third of the size of snappy for a tenth more time
COMPRESSION_LEVEL: Final = 1
ROW_GROUP_ROWS: Final = 122_880  # what DuckDB scans by
VARIED: Final = frozenset({"source", "subject", "idempotency_key", "number", "description", "reference", "raw"})
"""Text that is hardly ever the same in two rows."""

Mode = Literal["merge", "replace"]
Side = Literal["ledger", "stripe"]


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a run. mode: merge its rows by key into what is known, or replace the whole table by it."""

    table: str
    path: str
    rows: int
    size_bytes: int
    mode: Mode
    key: tuple[str, ...]
    digest: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """One run of one side. full: it holds everything, earlier runs of its side are history.

    cluster: which database the ledger was read from. watermark: of the ledger, the oldest transaction still running; of
    Stripe, the unix second to which the lists are complete.
    """

    seq: int
    run_id: str
    side: Side
    made_at: datetime
    full: bool
    cluster: str
    watermark: int
    parts: tuple[Part, ...]

    @property
    def rows(self) -> dict[str, int]:
        """Rows by table."""
        return {part.table: part.rows for part in self.parts}


@dataclass(slots=True)
class Landing:
    """A run that is being written. Nothing of it counts before `ParquetLake.landing` ends without an exception."""

    folder: Path
    run_id: str
    side: Side
    parts: list[Part] = field(default_factory=list)
    full: bool = False
    cluster: str = ""
    watermark: int = 0

    def write(
        self, table: str, batches: pa.RecordBatchReader, mode: Mode, key: tuple[str, ...], *, digested: bool = False
    ) -> int:
        """Rows written. An empty stream leaves no file unless it replaces a table. digested: note what it holds."""
        place = self.folder / table / f"run={self.run_id}" / f"part-{len(self.parts):04d}.parquet"
        place.parent.mkdir(parents=True, exist_ok=True)
        draft = place.with_suffix(".tmp")
        rows = write_parquet(draft, batches)
        digest = digest_of(draft) if digested else ""
        if not rows and mode == "merge" and not self.full:
            draft.unlink()
            return 0
        os.replace(draft, place)
        where = str(place.relative_to(self.folder))
        self.parts.append(Part(table, where, rows, place.stat().st_size, mode, key, digest))
        return rows


@dataclass(frozen=True, slots=True)
class ParquetLake:
    """The folder `<home>/lake`. One process lands at a time."""

    folder: Path

    @classmethod
    def at(cls, home: Path) -> "ParquetLake":
        """The lake of that home folder, made where it is missing."""
        (home / "lake" / "runs").mkdir(parents=True, exist_ok=True)
        return cls(prepare(home / "lake"))

    @contextmanager
    def landing(self, run_id: str, side: Side, made_at: datetime) -> Iterator[Landing]:
        """A run to write into; its manifest is written at the end, and only when nothing was raised."""
        with locked(self.folder):
            seq = max((m.seq for m in self.manifests()), default=0) + 1
            landing = Landing(self.folder, f"{seq:06d}-{run_id}", side)
            yield landing
            self._finish(landing, seq, run_id, made_at)

    def _finish(self, landing: Landing, seq: int, run_id: str, made_at: datetime) -> None:
        manifest = Manifest(
            seq, run_id, landing.side, made_at, landing.full, landing.cluster, landing.watermark, tuple(landing.parts)
        )
        place = self.folder / "runs" / f"{seq:06d}-{landing.side}.json"
        draft = place.with_suffix(".tmp")
        with open(draft, "w") as out:
            json.dump(asdict(manifest), out, default=str)
            out.flush()
            os.fsync(out.fileno())
        os.replace(draft, place)

    def manifests(self) -> list[Manifest]:
        """All finished runs of both sides, in order. Raises Broken with the name of a manifest that cannot be read."""
        found = sorted(os.scandir(self.folder / "runs"), key=lambda entry: entry.name)
        return [read_manifest(e.path, e.stat().st_mtime_ns) for e in found if e.name.endswith(".json")]

    def current(self) -> list[Manifest]:
        """What is needed to know everything: of each side the last full run and all after it, in order."""
        everything = self.manifests()
        start = {m.side: m.seq for m in everything if m.full}
        return [m for m in everything if m.seq >= start.get(m.side, 0)]

    def last(self, side: Side) -> Manifest | None:
        """The last finished run of that side."""
        return next((m for m in reversed(self.manifests()) if m.side == side), None)

    def damage(self, side: Side) -> str | None:
        """The first file of the current runs of that side that is not what its manifest says; None when all are."""
        runs = [manifest for manifest in self.current() if manifest.side == side]
        for manifest in runs:
            for part in manifest.parts:
                if found := damage_of(self.folder / part.path, part, opened=manifest is runs[-1]):
                    return found
        return None


def write_parquet(path: Path, batches: pa.RecordBatchReader) -> int:
    """Rows written, batch by batch in bounded memory, synced to disk."""
    rows = 0
    schema = plain(batches.schema)
    with open(path, "wb") as out:
        with pq.ParquetWriter(
            out, schema, compression=COMPRESSION, compression_level=COMPRESSION_LEVEL, use_dictionary=repeating(schema)
        ) as writer:
            for group in row_groups(read_ahead(batches), schema):
                rows += group.num_rows
                writer.write_table(group, row_group_size=group.num_rows)
        out.flush()
        os.fsync(out.fileno())
    return rows


def read_ahead(batches: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    """The batches, the next one being read while the caller works on this one."""
    with ThreadPoolExecutor(1) as reader:
        coming = reader.submit(next, batches, None)
        while (batch := coming.result()) is not None:
            coming = reader.submit(next, batches, None)
            yield batch


def row_groups(batches: Iterator[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.Table]:
    """The batches put together to row groups of the size that DuckDB scans by, or a little more."""
    waiting: list[pa.RecordBatch] = []
    for batch in batches:
        waiting.append(batch.cast(schema))
        if sum(one.num_rows for one in waiting) >= ROW_GROUP_ROWS:
            yield pa.Table.from_batches(waiting)
            waiting = []
    if waiting:
        yield pa.Table.from_batches(waiting)


def repeating(schema: pa.Schema) -> list[str]:
    """Columns whose values repeat: only there a dictionary pays. Keys, references and moments hardly ever do."""
    return [
        f.name for f in schema if pa.types.is_string(f.type) and not f.name.endswith("_id") and f.name not in VARIED
    ]


def digest_of(path: Path) -> str:
    """SHA-256 of the file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def plain(schema: pa.Schema) -> pa.Schema:
    """The schema without the drivers' notes on its fields."""
    return pa.schema([pa.field(f.name, f.type) for f in schema])


def damage_of(path: Path, part: Part, *, opened: bool) -> str | None:
    """What is wrong with the file, in one sentence; None when it is what its manifest says. opened: look inside, too."""
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        return f"{part.path} is gone"
    if size != part.size_bytes:
        return f"{part.path} has {size} bytes where {part.size_bytes} were written"
    if not opened:
        return None
    try:
        rows = pq.read_metadata(path).num_rows
    except (pa.ArrowInvalid, OSError) as error:
        return f"{part.path} is not Parquet any more ({error})"
    return None if rows == part.rows else f"{part.path} holds {rows} rows where {part.rows} were written"


@cache
def read_manifest(path: str, _written_ns: int) -> Manifest:
    """The manifest in that file. Raises Broken with its name when it cannot be read. Manifests never change."""
    try:
        raw: dict[str, Any] = json.loads(Path(path).read_text())
        parts = tuple(Part(**(p | {"key": tuple(p["key"])})) for p in raw.pop("parts"))
        return Manifest(**(raw | {"parts": parts, "made_at": datetime.fromisoformat(raw["made_at"])}))
    except (ValueError, TypeError, KeyError) as error:
        raise Broken(
            f"{path} is not a manifest ({error}): remove it and run `billing-pipeline reconcile extract --full`"
        ) from error
