"""The one simulator process of a home: started by whoever needs it first, found by everybody else.

It stands in for Stripe when no key is set. Its state is a file in the home, so it lives on where it stopped.
"""

import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from billing_pipeline.adapters import os_processes
from billing_pipeline.adapters.home import locked, read_record, write_record
from billing_pipeline.domain.errors import Broken

RECORD: Final = "simulator.json"
STATE: Final = "simulator.sqlite"
ADDRESS: Final = "simulator.address"
LOG: Final = "simulator.log"
START_SECONDS_MAX: Final = 60  # importing takes a second, loading years of state some more
FIRST_SEED: Final = 7
FIRST_DAY: Final = datetime(2026, 1, 1, tzinfo=UTC)  # where the demo's story begins

# The simulator prints its address. The shell leaves at once, so nobody has to collect the simulator when it ends.
IN_BACKGROUND: Final = 'address=$1 log=$2; shift 2; "$@" </dev/null >"$address" 2>>"$log" & echo $!'


@dataclass(frozen=True, slots=True)
class Running:
    """A simulator that answers. address: such as http://127.0.0.1:41234."""

    address: str
    pid: int


def start(home: Path, *, seed: int = FIRST_SEED, now: datetime = FIRST_DAY) -> str:
    """The address of the home's simulator, started first where it is not running.

    seed, now: taken up only while it has no state yet. Raises Broken when it does not come up.
    """
    with locked(home) as folder:
        pid = _pid(folder) or _launched(folder, seed, now)
        os_processes.wait_until(lambda: _answers(_address(folder)) or not _is_ours(pid, folder), START_SECONDS_MAX)
        if not (running := _running(folder)):
            raise Broken(f"the simulator did not start: {_last_line(folder / LOG)} (the log is {folder / LOG})")
        return running.address


def stop(home: Path) -> None:
    """Nothing; afterwards the home's simulator has stopped. Its state stays."""
    with locked(home) as folder:
        if pid := _pid(folder):
            os_processes.ask_to_stop(pid, signal.SIGTERM, lambda: _is_ours(pid, folder))
        (folder / RECORD).unlink(missing_ok=True)


def status(home: Path) -> Running | None:
    """The home's simulator if it runs. Starts nothing and waits for nobody."""
    return _running(home.resolve())


def destroy(home: Path) -> None:
    """Nothing; afterwards the home's simulator is stopped and everything it knew is gone."""
    stop(home)
    with locked(home) as folder:
        for leftover in folder.glob("simulator.*"):
            leftover.unlink()


def _running(home: Path) -> Running | None:
    pid, address = _pid(home), _address(home)
    return Running(address, pid) if pid and address else None


def _pid(home: Path) -> int | None:
    """The simulator's process, if it lives; it may still be on its way up."""
    pid = read_record(home / RECORD).get("pid")
    return pid if isinstance(pid, int) and _is_ours(pid, home) else None


def _is_ours(pid: int, home: Path) -> bool:
    return os_processes.runs_with(pid, str(home / STATE))


def _launched(home: Path, seed: int, now: datetime) -> int:
    """The pid of a simulator started here and now, on a port that the system chooses. It is not up yet."""
    (home / ADDRESS).unlink(missing_ok=True)
    command = [sys.executable, "-m", "stripe_simulator", "serve", "--port", "0", "--state", str(home / STATE)]
    command += ["--seed", str(seed), "--now", now.isoformat()]
    # In a session of its own: Ctrl-C in the terminal of whoever started it does not reach it.
    begun = subprocess.run(
        ["/bin/sh", "-c", IN_BACKGROUND, "sh", str(home / ADDRESS), str(home / LOG), *command],
        check=True, text=True, stdout=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    pid = int(begun.stdout)
    # Written before it is up: whoever comes after a launcher that was killed here finds this one and starts no second.
    write_record(home / RECORD, {"pid": pid})
    return pid


def _address(home: Path) -> str:
    """What the simulator printed; empty until it has printed a whole line."""
    try:
        line, end, _ = (home / ADDRESS).read_text().partition("\n")
        return line if end else ""
    except FileNotFoundError:
        return ""


def _answers(address: str) -> bool:
    where = urlsplit(address)
    try:
        socket.create_connection((where.hostname, where.port or 0), timeout=1).close()
    except OSError:
        return False
    return bool(address)


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").split("\n") if log.exists() else []
    return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")
