"""The policies' TOML files: read as text of UTF-8 wherever we run, and their tables taken only where they are some."""

import tomllib
from pathlib import Path
from typing import Any

from billing_pipeline.domain.errors import Broken


def read_toml(path: Path) -> dict[str, Any]:
    """What the file says. Raises Broken, naming it, when it is no TOML; OSError when it cannot be read."""
    try:
        return tomllib.loads(path.read_bytes().decode())
    except ValueError as error:  # of TOML, or of UTF-8
        raise Broken(f"{path} is not TOML: {error}") from error


def table_of(place: str, value: object) -> dict[str, Any]:
    """The value, which is a table. Raises Broken naming the place when it is none."""
    if not isinstance(value, dict):
        raise Broken(f"{place} must be a table, not {value!r}")
    return value
