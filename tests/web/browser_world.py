"""The payment page served over HTTP to a real browser, beside the simulator that serves Stripe.js."""

import os
import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette

from billing_pipeline.web import payment_page
from tests.collecting import Desk
from tests.web.page_world import world_of

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
PHONE = {"width": 360, "height": 740}
DESKTOP = {"width": 1280, "height": 900}


def chromium() -> str | None:
    """The browser named by CHROMIUM, or found on the PATH."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def served(desk: Desk, home: Path, simulator: str) -> Iterator[str]:
    """The address of the page."""
    app = Starlette(routes=payment_page.routes(world_of(desk, home, simulator=simulator)))
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", ws="none", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
        listening.close()


def type_card(page: Any, number: str = "4242 4242 4242 4242") -> None:
    """Fill the form as a customer does."""
    page.get_by_label("Card number").fill(number)
    page.get_by_label("Expiration date").fill("12 / 34")
    page.get_by_label("Security code").fill("123")
