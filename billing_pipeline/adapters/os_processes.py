"""Processes of the operating system, told apart from dead ones that nobody has collected yet."""

import signal
import time
from collections.abc import Callable
from typing import Final

import psutil

from billing_pipeline.domain.errors import Broken

STOP_SECONDS_MAX: Final = 60  # a checkpoint of a busy database may take this long; more means it hangs
LOOK_AGAIN_SECONDS: Final = 0.02


def alive(pid: int) -> bool:
    """True when that process runs. A defunct one is dead: `kill(pid, 0)` would call it alive."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def runs_with(pid: int, argument: str) -> bool:
    """True when that process runs and was started with that argument: ours, not a stranger with a reused pid.

    Where the system will not show us the arguments, a living process counts as ours: the safe side.
    """
    try:
        return alive(pid) and argument in psutil.Process(pid).cmdline()
    except psutil.AccessDenied:
        return True
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return False


def ask_to_stop(pid: int, how: signal.Signals, still_runs: Callable[[], bool]) -> None:
    """Nothing; afterwards still_runs() is false. Raises Broken when it runs on after STOP_SECONDS_MAX."""
    try:
        psutil.Process(pid).send_signal(how)
    except psutil.NoSuchProcess:
        return
    except psutil.AccessDenied as error:
        raise Broken(f"process {pid} belongs to another user: stop it as that user or as root") from error
    if not wait_until(lambda: not still_runs(), STOP_SECONDS_MAX):
        raise Broken(f"process {pid} did not stop within {STOP_SECONDS_MAX} s: look at its log, then stop it by hand")


def wait_until(reached: Callable[[], bool], seconds_max: float) -> bool:
    """True as soon as reached() is; False when seconds_max have passed before."""
    deadline = time.monotonic() + seconds_max
    while not reached():
        if time.monotonic() > deadline:
            return False
        time.sleep(LOOK_AGAIN_SECONDS)
    return True
