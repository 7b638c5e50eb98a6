"""Stripe's side of the lake: raw pages in, Parquet out, complete to a named second."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock
from typing import Final

from billing_pipeline.adapters.parquet_lake import Landing, ParquetLake
from billing_pipeline.adapters.stripe_columns import COLUMNS, TABLE_OF, schema_of, table_of
from billing_pipeline.flows.ports import Json

BUFFER_ROWS: Final = 50_000  # about 100 MB of objects; then they go to disk


@dataclass(slots=True)
class Buffers:
    """Objects on their way into files; may be fed by several threads."""

    landing: Landing
    fetched_at: datetime
    waiting: dict[str, list[Json]] = field(default_factory=dict)
    taken: dict[str, int] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    @property
    def counts(self) -> Mapping[str, int]:
        """Objects taken so far, by type."""
        return dict(self.taken)

    def sink(self, object_type: str, objects: Sequence[Json]) -> None:
        """Take raw objects of one type. Types that no table holds are left out."""
        table = TABLE_OF.get(object_type)
        with self.lock:
            self.taken[object_type] = self.taken.get(object_type, 0) + len(objects)
            if table is not None:
                buffer = self.waiting.setdefault(table, [])
                buffer.extend(objects)
                if len(buffer) >= BUFFER_ROWS:
                    self._write(table)

    def flush(self) -> None:
        """Everything that waits, into files."""
        for table in COLUMNS if self.landing.full else list(self.waiting):
            self._write(table)

    def _write(self, table: str) -> None:
        rows = self.waiting.pop(table, [])
        batches = table_of(rows, table, self.fetched_at).to_reader()
        self.landing.write(table, batches, "merge", (schema_of(table).names[0],))


@dataclass(frozen=True, slots=True)
class StripeSide:
    """The port StripeLake on Parquet."""

    lake: ParquetLake

    def stripe_complete_to(self) -> datetime | None:
        """To when the landed lists are complete; None before the first run or when a file is damaged."""
        last = self.lake.last("stripe")
        if last is None or self.lake.damage("stripe"):
            return None
        return datetime.fromtimestamp(last.watermark, UTC)

    @contextmanager
    def stripe_landing(self, run_id: str, made_at: datetime, complete_to: datetime, *, full: bool) -> Iterator[Buffers]:
        """A run to write into. full: the first run of a new history; all earlier ones stop counting."""
        with self.lake.landing(run_id, "stripe", made_at) as landing:
            landing.full, landing.watermark = full, int(complete_to.timestamp())
            buffers = Buffers(landing, made_at)
            yield buffers
            buffers.flush()
