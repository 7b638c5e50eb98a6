"""The only place that asks what time it is."""

from datetime import UTC, datetime
from typing import Final

import requests

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
        self.session = requests.Session()

    def now(self) -> datetime:
        try:
            answer = self.session.get(f"{self.address}/_control/clock", timeout=TIMEOUT_SECONDS)
            answer.raise_for_status()
        except requests.RequestException as error:
            raise Broken(f"the simulator at {self.address} does not answer: run `billing-pipeline demo`") from error
        return datetime.fromisoformat(answer.json()["now"]).astimezone(UTC)
