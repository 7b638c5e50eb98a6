"""The only place that asks what time it is."""

import json
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException
from threading import local
from typing import Final
from urllib.parse import urlsplit

from billing_pipeline.domain.errors import Broken

TIMEOUT_SECONDS: Final = 10  # the simulator answers in milliseconds; longer means it is gone


class SystemClock:
    """The machine's clock, in UTC."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class SimulatorClock:
    """The simulator's clock, which stands still unless it is advanced; shared by every process on this simulator."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._mine = local()  # one connection per thread: the time is asked for hundreds of times a second
        self._all: list[HTTPConnection] = []

    def now(self) -> datetime:
        """The simulator's time. Raises Broken when it does not answer, also after connecting anew."""
        try:
            return self._asked()
        except (HTTPException, OSError):
            self._mine.open = None
        try:
            return self._asked()
        except (HTTPException, OSError) as error:
            raise Broken(f"the simulator at {self.address} does not answer: run `billing-pipeline demo`") from error

    def _asked(self) -> datetime:
        connection: HTTPConnection | None = getattr(self._mine, "open", None)
        if connection is None:
            connection = HTTPConnection(urlsplit(self.address).netloc, timeout=TIMEOUT_SECONDS)
            self._mine.open = connection
            self._all.append(connection)
        connection.request("GET", "/_control/clock")
        return datetime.fromisoformat(json.loads(connection.getresponse().read())["now"]).astimezone(UTC)

    def close(self) -> None:
        """Close the connections of all threads."""
        while self._all:
            self._all.pop().close()
