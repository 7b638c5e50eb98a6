"""PostgreSQL for tests: one throw-away server a session, one database a test, cloned from a migrated template."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import psycopg

from billing_pipeline.adapters import embedded_postgres, os_processes
from billing_pipeline.adapters.embedded_postgres import Server

MEMORY = Path("/dev/shm")
MEMORY_BYTES_MIN = 1 << 30
PREFIX = "billing-tests-"
FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "60"}


@dataclass(frozen=True, slots=True)
class Cluster:
    """A server for tests. clone() gives a fresh database; databases are numbered, never reused."""

    server: Server
    admin: psycopg.Connection
    numbers: Iterator[int]

    def url(self, database: str) -> str:
        return self.server.url.replace("@/billing?", f"@/{database}?")

    def create(self, template: str = "template0") -> str:
        """The name of a new database, a copy of template."""
        name = f"test_{next(self.numbers)}"
        self.admin.execute(f"create database {name} template {template}")
        return name

    def drop(self, database: str) -> None:
        self.admin.execute(f"drop database if exists {database} with (force)")

    def freeze(self, database: str) -> None:
        """Nothing; afterwards the database can be cloned at any time, because nobody can be connected to it."""
        self.admin.execute(f"alter database {database} is_template true allow_connections false")
        self.admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [database])


@contextmanager
def cluster() -> Iterator[Cluster]:
    """A running throw-away server, in memory where there is room; gone at the end."""
    sweep()
    home = root_folder() / f"{PREFIX}{os.getpid()}"
    home.mkdir(mode=0o755)  # open to the service user: as root the server itself is not root
    pg_bin = Path(os.environ["BILLING_PG_BIN"]) if os.environ.get("BILLING_PG_BIN") else None
    try:
        server = embedded_postgres.start(home, pg_bin=pg_bin, data=home / "postgres", settings=FORGETFUL)
        with psycopg.connect(host=str(server.socket_dir), port=5432, user="billing", dbname="postgres") as admin:
            admin.autocommit = True
            yield Cluster(server, admin, count(1))
    finally:
        embedded_postgres.destroy(home)
        shutil.rmtree(home, ignore_errors=True)


def root_folder() -> Path:
    if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= MEMORY_BYTES_MIN:
        return MEMORY
    return Path(tempfile.gettempdir())


def sweep() -> None:
    """Nothing; afterwards no server of a killed test session is left."""
    for home in root_folder().glob(f"{PREFIX}*"):
        if home.stat().st_uid == os.geteuid() and not os_processes.alive(int(home.name[len(PREFIX) :])):
            embedded_postgres.destroy(home)
            shutil.rmtree(home, ignore_errors=True)
