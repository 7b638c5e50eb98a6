"""Any program that speaks to Stripe works against the simulator: here, Stripe's SDK for Node."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from stripe_simulator import Simulator
from stripe_simulator.server import serving

NODE = shutil.which("node")
SCRIPT = Path(__file__).parent / "node" / "pay.mjs"
FOLDER = Path(os.environ.get("NODE_STRIPE_FOLDER", SCRIPT.parent))  # where `npm install` was run


@pytest.mark.skipif(NODE is None, reason="node is not installed")
@pytest.mark.skipif(
    not (FOLDER / "node_modules" / "stripe").is_dir(),
    reason=f"Stripe's Node SDK is not installed: run `npm install` in {FOLDER}, or set NODE_STRIPE_FOLDER",
)
@pytest.mark.behaviour(
    "wire", "Stripe's Node SDK pays, refunds, subscribes, errs and polls", source="docs.stripe.com/sdks/server-side"
)
def test_the_node_sdk_works_against_it(sim: Simulator, tmp_path: Path) -> None:
    here = tmp_path / SCRIPT.name
    here.write_text(SCRIPT.read_text())
    (tmp_path / "node_modules").symlink_to(FOLDER / "node_modules")

    with serving(sim) as url:
        done = subprocess.run([str(NODE), str(here), url], capture_output=True, text=True, timeout=60, check=False)

    assert done.stderr == ""
    assert json.loads(done.stdout) == {
        "paid": "succeeded",
        "charge": "succeeded",
        "replayed": True,
        "declined": ["StripeCardError", "card_declined", 402],
        "unknown": ["StripeInvalidRequestError", "resource_missing", 404],
        "refund": ["succeeded", 900],
        "subscription": ["active", "paid", 8700],
        "events": ["payment_intent.succeeded", "payment_intent.succeeded"],
        "signed": True,
        "version": "2026-10-28.endive",
    }
