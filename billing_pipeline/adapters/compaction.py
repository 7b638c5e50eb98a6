"""Compaction of the lake: the many small files of many runs become one run that holds everything.

The new run is written as any other, its manifest last; only then are the older runs removed, their manifests first. Killed at
any point, the lake is what it was or what it shall be, and the next compaction removes what was left lying about.
"""

from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Final, get_args

from billing_pipeline.adapters.bench import Bench
from billing_pipeline.adapters.home import locked
from billing_pipeline.adapters.parquet_lake import ROW_GROUP_ROWS, Landing, Manifest, ParquetLake, Side
from billing_pipeline.adapters.workbench import Workbench

TABLES_FOLDER: Final = "run="


class Overtaken(Exception):
    """Another run was landed while the compaction waited for the lake."""


def compact(workbench: Workbench, now: datetime, runs_max: int) -> int:
    """How many files were removed. A side with no more runs than that is left as it is."""
    lake = workbench.lake
    for side in get_args(Side):
        runs = [one for one in lake.current() if one.side == side]
        if len(runs) > runs_max:
            merge_runs(workbench, side, runs, now)
    return sweep(lake)


def merge_runs(workbench: Workbench, side: Side, runs: list[Manifest], now: datetime) -> None:
    """Nothing; afterwards one run holds what these held together.

    The working file holds just that, so that it need not be made again from the new run.
    """
    lake, last = workbench.lake, runs[-1]
    keys = {part.table: part.key for manifest in runs for part in manifest.parts}
    with workbench.open() as bench:
        with suppress(Overtaken), lake.landing("compacted", side, now) as landing:
            if lake.last(side) != last:
                raise Overtaken  # a run that was being landed is not in the file: next time
            landing.full, landing.cluster, landing.watermark = True, last.cluster, last.watermark
            for table, key in keys.items():
                write_table(bench, landing, table, key)
        done = lake.last(side)
        if done is not None and done.run_id == "compacted":
            bench.run("warehouse/save_applied_run", seq=done.seq, run_id=done.run_id, side=side)


def write_table(bench: Bench, landing: Landing, table: str, key: tuple[str, ...]) -> None:
    """Nothing; afterwards the table lies in one file of the run, written in bounded memory."""
    rows = bench.connection.sql(f"select * from {landing.side}.{table}").to_arrow_reader(ROW_GROUP_ROWS)
    landing.write(table, rows, "replace", key)


def sweep(lake: ParquetLake) -> int:
    """How many files were removed: those of runs that no longer count and those of runs that never ended."""
    with locked(lake.folder):
        current = lake.current()
        kept = {lake.folder / part.path for manifest in current for part in manifest.parts}
        counted = {one.seq for one in current}
        old = [path for path in (lake.folder / "runs").iterdir() if seq_of(path) not in counted]
        files = [path for path in lake.folder.glob(f"*/{TABLES_FOLDER}*/*") if path not in kept]
        for path in [*old, *files]:
            path.unlink()
        for folder in lake.folder.glob(f"*/{TABLES_FOLDER}*"):
            if not any(folder.iterdir()):
                folder.rmdir()
    return len(files)


def seq_of(manifest: Path) -> int:
    """The number that the manifest's name begins with; of a draft none that counts."""
    return int(manifest.name.split("-")[0]) if manifest.suffix == ".json" else -1
