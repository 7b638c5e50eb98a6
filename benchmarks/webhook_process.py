"""A web process for benchmarks and crash tests: the real application under uvicorn, on a given database.

python -m benchmarks.webhook_process DATABASE_URL PORT [apply]
"""

import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Final

import uvicorn

from billing_pipeline.adapters.clock import SystemClock
from billing_pipeline.adapters.identity import StripeIdentity
from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stripe_gateway import StripeGateway
from billing_pipeline.bootstrap import World
from billing_pipeline.settings import Settings
from billing_pipeline.web.app import build_app
from billing_pipeline.web.metrics import Metrics
from billing_pipeline.web.serve import Loops, applying

SECRET: Final = "whsec_benchmark"
LINKS_SECRET: Final = "benchmark" * 4  # given, else one would be made and kept in the folder where this runs
KEPT_SECONDS: Final = 60  # a sender that gets no processor for a while keeps its connection


def main(url: str, port: str, what: str = "") -> None:
    """Serve until terminated; with 'apply' the facts are applied as they come."""
    gateway = StripeGateway("sk_test_nobody")
    settings = Settings.load({"STRIPE_WEBHOOK_SECRET": SECRET, "BILLING_LINK_SECRET": LINKS_SECRET})
    identity = StripeIdentity("acct_benchmark", False)
    world = World(settings, Path(), Database(url), SystemClock(), gateway, gateway, identity, None)
    metrics = Metrics()
    loops = Loops(world, metrics)
    app = build_app(world, metrics=metrics, on_stored=lambda new: loops.wake.set())
    with applying(loops) if what == "apply" else nullcontext():
        uvicorn.run(
            app,
            port=int(port),
            access_log=False,
            log_level="warning",
            timeout_keep_alive=KEPT_SECONDS,
            proxy_headers=False,
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
