import os
import signal
import subprocess
import sys
from datetime import UTC, datetime

import pytest
import requests

from billing_pipeline.adapters import local_simulator, os_processes
from billing_pipeline.adapters.home import locked
from billing_pipeline.domain.errors import Broken

START = "import sys; from pathlib import Path; from billing_pipeline.adapters import local_simulator as s; "


@pytest.fixture
def place(home):
    yield home
    local_simulator.destroy(home)


def clock(address: str) -> datetime:
    return datetime.fromisoformat(requests.get(f"{address}/_control/clock", timeout=10).json()["now"])


def test_the_first_to_ask_starts_it_and_the_second_finds_it(place):
    first = local_simulator.start(place, now=datetime(2026, 3, 1, tzinfo=UTC))

    second = local_simulator.start(place)

    assert second == first
    assert clock(second) == datetime(2026, 3, 1, tzinfo=UTC)


def test_several_processes_that_ask_at_once_share_one(place):
    command = [sys.executable, "-c", START + "print(s.start(Path(sys.argv[1])))", str(place)]

    racers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    said = {racer.communicate()[0].strip() for racer in racers}

    assert said == {local_simulator.start(place)}


def test_it_outlives_whoever_started_it(place):
    subprocess.run([sys.executable, "-c", START + "s.start(Path(sys.argv[1]))", str(place)], check=True)

    running = local_simulator.status(place)

    assert clock(running.address) == local_simulator.FIRST_DAY


def test_what_it_knew_is_there_after_a_stop(place):
    address = local_simulator.start(place)
    requests.post(f"{address}/_control/advance", json={"seconds": 86_400}, timeout=10).raise_for_status()
    local_simulator.stop(place)

    stopped = local_simulator.status(place)
    again = local_simulator.start(place)

    assert stopped is None
    assert clock(again) == datetime(2026, 1, 2, tzinfo=UTC)


def test_a_killed_one_is_started_again(place):
    local_simulator.start(place)
    pid = local_simulator.status(place).pid
    os.kill(pid, signal.SIGKILL)
    assert os_processes.wait_until(lambda: not os_processes.alive(pid), 10)

    address = local_simulator.start(place)

    assert local_simulator.status(place).pid != pid
    assert clock(address) == local_simulator.FIRST_DAY


def test_a_state_that_cannot_be_read_is_told_in_one_line(place):
    with locked(place) as folder:
        (folder / local_simulator.STATE).write_text("this is no database")

    with pytest.raises(Broken, match=r"the simulator did not start: .*simulator.log") as refused:
        local_simulator.start(place)

    assert "\n" not in str(refused.value)


def test_destroying_it_forgets_everything(place):
    local_simulator.start(place)

    local_simulator.destroy(place)

    assert local_simulator.status(place) is None
    assert [path.name for path in place.iterdir()] == [".lock"]
