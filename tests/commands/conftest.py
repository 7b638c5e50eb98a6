"""A home folder for commands, named in BILLING_HOME; what they started is gone after the test."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from billing_pipeline.adapters import embedded_postgres, local_simulator


@pytest.fixture
def home() -> Iterator[str]:
    """The path of a home that does not exist yet, as text."""
    with tempfile.TemporaryDirectory(prefix="billing-home-") as folder:
        yield f"{folder}/.billing"
        local_simulator.destroy(Path(folder) / ".billing")
        embedded_postgres.destroy(Path(folder) / ".billing")
