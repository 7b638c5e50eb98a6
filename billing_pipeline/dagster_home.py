"""Dagster's own folder below the home: our dagster.yaml is put there, so that history and cursors last.

Dagster itself is imported by whoever runs it; this only prepares the ground.
"""

import os
import shutil
from pathlib import Path
from typing import Final

CHECKOUT: Final = Path(__file__).resolve().parent.parent
STORAGE: Final = "dagster"


def dagster_folder(home: Path) -> Path:
    """DAGSTER_HOME for this home folder, with our dagster.yaml in it."""
    folder = (home / STORAGE).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(CHECKOUT / "dagster.yaml", folder / "dagster.yaml")
    return folder


def prepare_dagster(home: Path) -> Path:
    """DAGSTER_HOME for this home folder, set in this process's environment too."""
    folder = dagster_folder(home)
    os.environ["DAGSTER_HOME"] = str(folder)
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "1")
    os.environ["BILLING_HOME"] = str(home.resolve())
    return folder
