"""`billing-pipeline ui`: the Dagster UI over this home's state, with history and cursors that last."""

import os
import signal
import subprocess
import sys
from typing import Annotated

import typer

from billing_pipeline.adapters.loopback import free_port
from billing_pipeline.bootstrap import open_world
from billing_pipeline.dagster_home import CHECKOUT, prepare_dagster
from billing_pipeline.settings import Settings


def ui(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port on 127.0.0.1.")] = 3000,
    daemon: Annotated[bool, typer.Option("--daemon/--no-daemon", help="Run schedules and sensors too.")] = True,
) -> None:
    """Open the Dagster UI on http://127.0.0.1:3000 with schedules and sensors running; Ctrl-C stops it.

    Example: billing-pipeline ui --port 3001 --no-daemon
    """
    settings = Settings.load()
    free_port(port, "--port")
    with open_world(settings):
        pass  # database and simulator are up, migrated and identified before Dagster's processes need them
    prepare_dagster(settings.home)
    program = ["dagster", "dev"] if daemon else ["dagster_webserver"]
    command = [sys.executable, "-m", *program, "-w", "workspace.yaml", "-h", "127.0.0.1", "-p", str(port)]
    typer.echo(f"Dagster is starting on http://127.0.0.1:{port}; Ctrl-C stops it")
    running = subprocess.Popen(command, cwd=CHECKOUT, env=os.environ | {"PYTHONWARNINGS": "ignore"})
    try:
        sys.exit(running.wait())
    except KeyboardInterrupt:
        running.send_signal(signal.SIGINT)
        sys.exit(running.wait())
