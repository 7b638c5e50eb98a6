"""A PostgreSQL server for figures that nobody keeps: as many empty ledgers as asked for, all gone at the end."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Final

import psycopg

from billing_pipeline.adapters import embedded_postgres, os_processes
from billing_pipeline.adapters.embedded_postgres import PORT
from billing_pipeline.adapters.home import prepare
from billing_pipeline.adapters.postgres import migrate

PREFIX: Final = "scratch-"
FORGETFUL: Final = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
TEMPLATE: Final = "billing"


@contextmanager
def scratch_ledgers(home: Path, *, pg_bin: Path | None = None) -> Iterator[Callable[[], str]]:
    """What gives the address of one more empty ledger. The server is of its own and is no longer there afterwards."""
    sweep(prepare(home))
    folder = prepare(prepare(home) / f"{PREFIX}{os.getpid()}")
    try:
        server = embedded_postgres.start(folder, pg_bin=pg_bin, settings=FORGETFUL)
        migrate(server.url)
        numbers = count(1)

        def another() -> str:
            name = f"ledger_{next(numbers)}"
            with psycopg.connect(
                host=str(server.socket_dir), port=PORT, user="billing", dbname="postgres", autocommit=True
            ) as admin:
                admin.execute(f"create database {name} template {TEMPLATE}")
            return server.url.replace(f"@/{TEMPLATE}?", f"@/{name}?")

        yield another
    finally:
        forget(folder)


def sweep(home: Path) -> None:
    """Nothing; afterwards no server is left whose owner was killed."""
    for folder in home.glob(f"{PREFIX}*"):
        if not os_processes.alive(int(folder.name.removeprefix(PREFIX))):
            forget(folder)


def forget(folder: Path) -> None:
    """Nothing; afterwards the server and its folder are gone."""
    embedded_postgres.destroy(folder)
    shutil.rmtree(folder, ignore_errors=True)
