"""The payment page in a real browser, for the tests that drive one."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.tables import billing
from stripe_simulator import Simulator
from stripe_simulator.server import serving
from tests.collecting import customer, invoice, open_desk
from tests.seeds import add
from tests.web.browser_world import PHONE, chromium, served
from tests.web.page_world import Visitor


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def shopper(db: Database, simulator: Simulator) -> Visitor:
    """A customer whose card was declined, with an invoice of two lines."""
    desk = open_desk(db, simulator)
    customer(desk, card="pm_sim_insufficient_funds", name="Acme Incorporated")
    invoice(desk, number="ACME-0042", total_minor=123450)
    lines = [("Business plan, 1 to 31 January 2026", 98000), ("12 additional seats", 25450)]
    for number, (words, amount) in enumerate(lines, start=1):
        row = {"line_no": number, "kind": "item", "description": words, "amount_minor": amount}
        add(db, billing.invoice_lines, invoice_id="inv-1", **row)
    return Visitor(desk, None)  # type: ignore[arg-type]


@pytest.fixture
def address(shopper: Visitor, tmp_path: Path) -> Iterator[str]:
    """Where the page is served."""
    with serving(shopper.desk.sim) as simulator, served(shopper.desk, tmp_path, simulator) as page:
        yield page


@pytest.fixture
def page(browser: Browser, address: str, shopper: Visitor) -> Iterator[Any]:
    """The invoice's page, open; whatever the browser complains about fails the test."""
    context = browser.new_context(viewport=PHONE, locale="en-US")  # type: ignore[arg-type]
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("console", lambda message: complaints.append(message.text) if is_policy(message.text) else None)
    opened.goto(f"{address}/pay/{shopper.token(days=30)}")
    yield opened
    context.close()
    assert complaints == []


def is_policy(words: str) -> bool:
    return "Content Security Policy" in words
