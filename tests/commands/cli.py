"""The command line as a person runs it: a process and an environment of its own, what it prints, its exit code."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from billing_pipeline.settings import OPTIONS


@dataclass(frozen=True, slots=True)
class Said:
    """What a command said. complaint: its lines on stderr."""

    code: int
    text: str
    complaint: list[str]


def run(*words: str, seconds_max: int = 120, **variables: str) -> Said:
    """What that command said with those variables set, and none of ours from outside."""
    command = [sys.executable, "-m", "billing_pipeline.cli", *words]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(variables), timeout=seconds_max)
    return Said(done.returncode, done.stdout, done.stderr.splitlines())


def environment(variables: Mapping[str, str]) -> dict[str, str]:
    outside = {name: value for name, value in os.environ.items() if name not in OPTIONS}
    return outside | {"COLUMNS": "200", "NO_COLOR": "1"} | dict(variables)
