"""The payment page on a real database and an in-process Stripe, asked as a browser asks."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.testclient import TestClient

from billing_pipeline.adapters.identity import StripeIdentity
from billing_pipeline.adapters.tables import billing, stripe
from billing_pipeline.bootstrap import World
from billing_pipeline.domain.ids import InvoiceId
from billing_pipeline.settings import Settings
from billing_pipeline.web import payment_page
from billing_pipeline.web.links import sign_token
from tests.collecting import Desk
from tests.fakes import START
from tests.seeds import add, change

SECRET = "a-secret-of-more-than-thirty-two-characters"


@dataclass(frozen=True, slots=True)
class Visitor:
    """A customer at the page."""

    desk: Desk
    client: TestClient

    def token(self, invoice_id: str = "inv-1", **life: float) -> str:
        expires = self.desk.clock.now() + timedelta(**(life or {"days": 1}))
        return sign_token(SECRET, InvoiceId(invoice_id), expires)

    def page(self, path: str = "", token: str | None = None) -> Any:
        return self.client.get(f"/pay/{token or self.token()}{path}")

    def ask(self, what: str, mode: str = "pay", token: str | None = None) -> dict[str, Any]:
        answer = self.client.post(f"/pay/{token or self.token()}/{what}", json={"mode": mode})
        return {"status": answer.status_code, **answer.json()}

    def intent(self) -> str:
        return str(self.desk.collection()["payment_intent_id"])

    def confirm(self, card: str = "pm_card_visa") -> None:
        """What Stripe.js does with the card that was typed."""
        self.desk.sim.client().v1.payment_intents.confirm(self.intent(), {"payment_method": card})


def world_of(desk: Desk, home: Path, simulator: str | None = "http://127.0.0.1:9", **settings: Any) -> World:
    """The world that the page is served from."""
    given = {"BILLING_LINK_SECRET": SECRET, **settings}
    return World(
        settings=Settings.load(given),
        home=home,
        db=desk.db,
        clock=desk.clock,
        gateway=desk.gateway,
        reader=desk.gateway,
        identity=StripeIdentity("acct_1", False),
        simulator=simulator,
    )


def visit(desk: Desk, home: Path, **options: Any) -> Visitor:
    """A visitor whose answers come from this desk."""
    app = Starlette(routes=payment_page.routes(world_of(desk, home, **options)))
    return Visitor(desk, TestClient(app))


def pay_in_part(desk: Desk, minor: int) -> None:
    """A charge of that much that somebody made at Stripe paid some of the invoice."""
    change(desk.db, billing.invoices, "inv-1", paid_minor=minor)
    add(
        desk.db, stripe.payments, payment_id="pi_1", account_id="acme", invoice_id="inv-1", method="card",
        payment_intent_id="pi_1", charge_id="ch_1", currency="eur", amount_minor=minor, applied_minor=minor,
        succeeded_at=START,
    )  # fmt: skip
