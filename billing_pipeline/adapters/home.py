"""The home folder (`.billing/`): made private, locked between processes, its records written whole or not at all.

Linux and macOS. On Windows the project runs inside WSL.
"""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from billing_pipeline.domain.errors import Broken


def prepare(home: Path) -> Path:
    """The home folder, resolved; made with mode 0700 where it is missing. Raises Broken where we may not write."""
    folder = home.resolve()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(folder / ".lock", "a"):
            pass
    except OSError as error:
        raise Broken(
            f"cannot write in {folder} ({error.strerror}): give user {os.geteuid()} write permission there, "
            "or name another folder in BILLING_HOME"
        ) from error
    return folder


@contextmanager
def locked(home: Path) -> Iterator[Path]:
    """The home folder while no other process holds its lock. The kernel drops the lock when its holder dies."""
    folder = prepare(home)
    with open(folder / ".lock", "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder


def write_record(path: Path, record: Mapping[str, object]) -> None:
    """Nothing; afterwards path holds the record as JSON. A reader sees the old file or the new one, never half."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.write_text(json.dumps(record, indent=2) + "\n")
    draft.replace(path)


def read_record(path: Path) -> dict[str, object]:
    """The record in that file; empty when there is none. Raises Broken when the file cannot be read as one."""
    try:
        found = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except PermissionError as error:
        raise Broken(f"cannot read {path}: it belongs to another user; run as that user or set BILLING_HOME") from error
    except ValueError as error:
        raise Broken(f"{path} is not a JSON record: remove it and start again") from error
    if not isinstance(found, dict):
        raise Broken(f"{path} is not a JSON record: remove it and start again")
    return found
