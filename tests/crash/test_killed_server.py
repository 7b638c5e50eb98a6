import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from billing_pipeline.adapters import embedded_postgres, os_processes, postgres_binaries


@pytest.fixture
def home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="billing-crash-") as folder:
        yield Path(folder) / ".billing"
        embedded_postgres.destroy(Path(folder) / ".billing")


def connect(home: Path) -> psycopg.Connection:
    return psycopg.connect(embedded_postgres.start(home).url.replace("+psycopg", ""), autocommit=True)


def kill(home: Path) -> None:
    pid = embedded_postgres.status(home).pid
    os.kill(pid, signal.SIGKILL)
    assert os_processes.wait_until(lambda: not os_processes.alive(pid), 10)


def test_a_killed_server_comes_back_with_every_committed_row(home):
    with connect(home) as db:
        db.execute("create table kept (n int)")
        db.execute("insert into kept select generate_series(1, 10000)")
    kill(home)

    with connect(home) as db:
        rows = db.execute("select count(*) from kept").fetchone()

    assert rows == (10_000,)


def test_a_killed_server_counts_as_stopped(home):
    embedded_postgres.start(home)

    kill(home)

    assert embedded_postgres.status(home).server is None
    assert embedded_postgres.stop(home).server is None


def test_a_busy_backend_that_outlives_its_killed_server_is_waited_for(home):
    with connect(home) as db:
        backend = db.info.backend_pid
        sleep = "import sys, psycopg; psycopg.connect(sys.argv[1]).execute('select pg_sleep(60)')"
        url = embedded_postgres.start(home).url.replace("+psycopg", "")
        asleep = subprocess.Popen([sys.executable, "-c", sleep, url], stderr=subprocess.DEVNULL)
        sleeping = "select pid from pg_stat_activity where query like '%%pg_sleep(60)%%' and pid <> %s"
        assert os_processes.wait_until(lambda: db.execute(sleeping, [backend]).fetchone() is not None, 10)
        # A stopped process cannot notice that its server died: what a backend deep in a query does for a while.
        straggler = db.execute(sleeping, [backend]).fetchone()[0]
    os.kill(straggler, signal.SIGSTOP)
    kill(home)
    resume = subprocess.Popen(["/bin/sh", "-c", f"sleep 1; kill -CONT {straggler}"])

    with connect(home) as db:
        answer = db.execute("select 1").fetchone()

    asleep.wait(timeout=30)
    resume.wait(timeout=30)
    assert answer == (1,)


@pytest.mark.parametrize("defunct", [True, False], ids=["dead but not collected", "now another program's"])
def test_a_pid_file_whose_pid_is_not_our_server_does_not_stop_a_start(home, defunct):
    data = embedded_postgres.start(home).data
    text = (data / "postmaster.pid").read_text().splitlines()
    embedded_postgres.stop(home)
    other = of_the_same_user(data, "exit 0" if defunct else "exec sleep 60")
    assert os_processes.wait_until(lambda: os_processes.alive(other.pid) is not defunct, 10)
    (data / "postmaster.pid").write_text("\n".join([str(other.pid), *text[1:]]) + "\n")

    with connect(home) as db:
        answer = db.execute("select 1").fetchone()

    still_runs = os_processes.alive(other.pid)
    other.kill()
    other.wait()
    assert answer == (1,)
    assert still_runs is not defunct


def of_the_same_user(data: Path, script: str) -> subprocess.Popen:
    """A shell as the user of the server: PostgreSQL takes no notice of processes that it may not signal."""
    owner = data.stat()
    user = {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []} if os.geteuid() == 0 else {}
    return subprocess.Popen(["/bin/sh", "-c", script], cwd="/", **user)


def test_a_server_that_is_still_on_its_way_up_is_waited_for(home):
    data = embedded_postgres.start(home).data
    ready = (data / "postmaster.pid").read_text()
    (data / "postmaster.pid").write_text(ready.replace("ready   ", "starting"))
    order = []

    def come_up() -> None:
        order.append("up")
        (data / "postmaster.pid").write_text(ready)

    later = threading.Timer(0.3, come_up)
    later.start()
    embedded_postgres.start(home)
    order.append("found")
    later.join()

    assert order == ["up", "found"]


def test_a_server_that_a_killed_launcher_brought_up_meanwhile_is_taken(home):
    real = postgres_binaries.find(None)
    with tempfile.TemporaryDirectory(prefix="billing-bin-") as folder:
        Path(folder).chmod(0o755)
        # The first call is the one that the killed launcher left behind, the second is ours and finds the lock taken.
        for name, script in {"initdb": 'exec {} "$@"', "pg_ctl": '{0} "$@"; exec {0} "$@"'}.items():
            (Path(folder) / name).write_text("#!/bin/sh\n" + script.format(real / name) + "\n")
            (Path(folder) / name).chmod(0o755)

        server = embedded_postgres.start(home, pg_bin=Path(folder))

    assert embedded_postgres.status(home).server == server


@pytest.mark.parametrize("seconds", [0.0, 0.1, 0.3, 0.45])
def test_a_launcher_killed_while_it_starts_does_not_block_the_next(home, seconds):
    program = "import sys, pathlib; from billing_pipeline.adapters import embedded_postgres as e; "
    launcher = subprocess.Popen([sys.executable, "-c", program + "e.start(pathlib.Path(sys.argv[1]))", str(home)])
    assert os_processes.wait_until(lambda: (home / ".lock").exists(), 20)
    time.sleep(seconds)
    launcher.kill()
    launcher.wait()

    with connect(home) as db:
        answer = db.execute("select 1").fetchone()

    assert answer == (1,)
