"""Group commit for the webhook: facts that arrive while one transaction commits are written together by the next."""

import asyncio
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import psycopg
from sqlalchemy import make_url

from billing_pipeline.adapters.named_postgres import conninfo
from billing_pipeline.adapters.postgres import raw_statement
from billing_pipeline.adapters.stores.inbox_store import as_facts, fact_row
from billing_pipeline.flows.ports import Fact

GROUP_MAX: Final = 200  # facts per commit: a few milliseconds
CONNECT_TIMEOUT_SECONDS: Final = 2  # while the database is away each group waits no longer than this for its 503
STATEMENT_TIMEOUT_MS: Final = 5_000  # Stripe gives up on a delivery after some seconds; it will come again


@dataclass(frozen=True, slots=True)
class Delivery:
    """A fact to store, and the future that is told whether it is stored."""

    fact: Fact
    received_at: datetime
    stored: asyncio.Future[bool]


class InboxWriter:
    """One thread with one connection. Nobody is told True before the commit that holds his fact. One event loop at a time."""

    def __init__(self, url: str, on_stored: Callable[[int], None] = lambda new: None) -> None:
        self._url = conninfo(make_url(url))
        self._gathered: list[Delivery] = []
        self._waiting: queue.SimpleQueue[list[Delivery] | None] = queue.SimpleQueue()
        self._connection: psycopg.Connection[Any] | None = None
        self._on_stored = on_stored
        self._insert = raw_statement("inbox/put").encode()
        self._thread = threading.Thread(target=self._run, name="inbox writer", daemon=True)
        self._thread.start()

    def put(self, delivery: Delivery) -> None:
        """Queue the fact; returns at once. What one turn of the event loop brings goes to the thread together."""
        if not self._gathered:
            delivery.stored.get_loop().call_soon(self._hand_over)
        self._gathered.append(delivery)

    def close(self) -> None:
        """Write what is queued, then stop."""
        self._hand_over()
        self._waiting.put(None)
        self._thread.join()

    def _hand_over(self) -> None:
        """Give the thread what was put since the last time: waking it costs as much as a fact, so once for all of them."""
        gathered, self._gathered = self._gathered, []
        self._waiting.put(gathered)

    def _run(self) -> None:
        while (first := self._waiting.get()) is not None:
            group, last = self._gather(first)
            for begin in range(0, len(group), GROUP_MAX):
                self._write(group[begin : begin + GROUP_MAX])
            if last:
                return

    def _gather(self, group: list[Delivery]) -> tuple[list[Delivery], bool]:
        """All that is queued by now, and whether the end was among it."""
        while len(group) < GROUP_MAX:
            try:
                following = self._waiting.get_nowait()
            except queue.Empty:
                break
            if following is None:
                return group, True
            group += following
        return group, False

    def _write(self, group: list[Delivery]) -> None:
        """Commit the group, or, when one of it spoils it, each by itself; tell each."""
        try:
            new = self._commit(group)
        except psycopg.OperationalError:
            self._tell(group, False)
        except Exception:  # whatever one fact brings, this thread must go on for the others
            for one in group if len(group) > 1 else ():
                self._write([one])
            if len(group) == 1:
                self._tell(group, False)
        else:
            self._tell(group, True)
            if new:
                self._on_stored(new)

    def _commit(self, group: list[Delivery]) -> int:
        """How many were new. Raises OperationalError when the database is away; the next group connects anew."""
        try:
            connection = self._connected()
            facts = as_facts([fact_row(one.fact, one.received_at) for one in group])
            return connection.execute(self._insert, {"facts": facts}, prepare=True).rowcount
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            self._drop()
            raise psycopg.OperationalError(str(error)) from error

    def _connected(self) -> psycopg.Connection[Any]:
        if self._connection is None:
            options = f"-c timezone=UTC -c statement_timeout={STATEMENT_TIMEOUT_MS}"
            self._connection = psycopg.connect(
                self._url, autocommit=True, connect_timeout=CONNECT_TIMEOUT_SECONDS, options=options
            )
        return self._connection

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _tell(self, group: list[Delivery], stored: bool) -> None:
        """Tell the whole group by one call into its loop: waking it once per delivery would cost more than the insert."""
        if not (loop := group[0].stored.get_loop()).is_closed():
            loop.call_soon_threadsafe(settle, [one.stored for one in group], stored)


def settle(futures: list[asyncio.Future[bool]], stored: bool) -> None:
    """Tell those that still want to know."""
    for future in futures:
        if not future.done():
            future.set_result(stored)
