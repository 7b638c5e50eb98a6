"""A home folder whose server and simulator are gone after the test."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from billing_pipeline.adapters import embedded_postgres


@pytest.fixture
def home() -> Iterator[Path]:
    """A home below a private folder, as in a checkout of root; nothing in it yet."""
    with tempfile.TemporaryDirectory(prefix="billing-home-") as folder:
        yield Path(folder) / ".billing"
        embedded_postgres.destroy(Path(folder) / ".billing")
