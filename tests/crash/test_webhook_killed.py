"""The web process is killed and PostgreSQL restarted in mid-flood: every 2xx is in the inbox, nothing is there twice."""

import asyncio
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

from benchmarks.deliveries import request
from billing_pipeline.adapters import embedded_postgres
from billing_pipeline.adapters.embedded_postgres import Server
from billing_pipeline.adapters.postgres import migrate

ROOT = Path(__file__).parents[2]
READY_WITHIN_SECONDS = 30
CONNECTIONS = 10
WITHIN = "select event_id from inbox where event_id >= %s and event_id < %s order by event_id"


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[Path, Server]]:
    """A PostgreSQL of these tests' own, durable, that may be stopped and started. Each test has its own events."""
    with tempfile.TemporaryDirectory(prefix="bp-") as folder:
        home = Path(folder)
        home.chmod(0o755)
        running = embedded_postgres.start(home)
        migrate(running.url)
        yield home, running
        embedded_postgres.destroy(home)


@contextmanager
def web_process(url: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """The web process on a free port, answering."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.webhook_process", url, str(port)], cwd=ROOT)
    try:
        until = time.monotonic() + READY_WITHIN_SECONDS
        while True:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            assert process.poll() is None, "the web process ended before it answered"
            assert time.monotonic() < until, "the web process does not answer"
            time.sleep(0.05)
        yield process, port
    finally:
        process.kill()
        process.wait()


@dataclass(slots=True)
class Flood:
    """Deliveries over several connections. answers: what each event was answered, every time that it was delivered."""

    port: int
    answers: dict[int, list[int]] = field(default_factory=dict)

    async def deliver(self, numbers: list[int]) -> None:
        """Deliver each event once; a connection that dies takes its delivery with it, unanswered."""
        waiting = list(reversed(numbers))
        await asyncio.gather(*(self._connection(waiting) for _ in range(CONNECTIONS)))

    async def _connection(self, waiting: list[int]) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            try:
                while waiting:
                    number = waiting.pop()
                    writer.write(request(number, self.port, "inv-none"))
                    head = await reader.readuntil(b"\r\n\r\n")
                    self.answers.setdefault(number, []).append(int(head[9:12]))
            finally:
                writer.close()
                await writer.wait_closed()

    def stored(self) -> set[int]:
        """The events that were answered 200."""
        return {number for number, statuses in self.answers.items() if 200 in statuses}


def inbox(url: str, first: int, end: int) -> list[str]:
    """The events of that range that are stored."""
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        return [name for (name,) in connection.execute(WITHIN, [f"evt_{first:024d}", f"evt_{end:024d}"])]


def names(numbers: set[int]) -> set[str]:
    return {f"evt_{number:024d}" for number in numbers}


def test_every_event_that_was_answered_200_survives_a_kill_of_the_web_process(server: tuple[Path, Server]) -> None:
    url = server[1].url
    with web_process(url) as (process, port):
        flood = Flood(port)

        async def story() -> None:
            delivering = asyncio.create_task(flood.deliver(list(range(5_000))))
            while len(flood.answers) < 300:
                await asyncio.sleep(0.005)
            process.send_signal(signal.SIGKILL)
            await delivering

        asyncio.run(story())

    found = inbox(url, 0, 5_000)
    assert 300 <= len(flood.stored()) < 5_000
    assert names(flood.stored()) <= set(found)
    assert len(found) == len(set(found))


def test_while_postgresql_is_away_deliveries_are_answered_503_and_later_all_are_stored_once(
    server: tuple[Path, Server],
) -> None:
    home, running = server
    with web_process(running.url) as (_, port):
        flood = Flood(port)
        asyncio.run(flood.deliver(list(range(10_000, 10_200))))
        embedded_postgres.stop(home)
        asyncio.run(flood.deliver(list(range(10_200, 10_260))))
        away = {status for number in range(10_200, 10_260) for status in flood.answers[number]}
        embedded_postgres.start(home)

        asyncio.run(flood.deliver(list(range(10_000, 10_260))))

    found = inbox(running.url, 10_000, 20_000)
    assert away == {503}
    assert flood.stored() == set(range(10_000, 10_260))
    assert (set(found), len(found)) == (names(set(range(10_000, 10_260))), 260)


def test_postgresql_restarted_in_mid_flood_loses_nothing_and_stores_nothing_twice(server: tuple[Path, Server]) -> None:
    home, running = server
    with web_process(running.url) as (_, port):
        flood = Flood(port)

        async def story() -> None:
            delivering = asyncio.create_task(flood.deliver(list(range(20_000, 23_000))))
            while len(flood.answers) < 300:
                await asyncio.sleep(0.005)
            await asyncio.to_thread(embedded_postgres.stop, home)
            await asyncio.to_thread(embedded_postgres.start, home)
            await delivering

        asyncio.run(story())
        asyncio.run(flood.deliver([number for number in range(20_000, 23_000) if number not in flood.stored()]))

    found = inbox(running.url, 20_000, 30_000)
    assert flood.stored() == set(range(20_000, 23_000))
    assert (set(found), len(found)) == (names(flood.stored()), 3_000)
