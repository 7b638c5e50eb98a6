"""Other systems can verify what they are told, with the routine they use for Stripe."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import stripe

from billing_pipeline.adapters.outgoing_webhook import SIGNATURE, OutgoingWebhook
from billing_pipeline.domain.ids import AccountId
from billing_pipeline.flows.ports.dunning import Hook, Outcome

NOW = datetime(2026, 3, 3, 9, tzinfo=UTC)
HOOK = Hook("suspend:inv-1:suspend", AccountId("acme"), "account.suspended", {"owed_minor": 4900}, NOW)


@contextmanager
def receiving(status: int) -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
    """(address, what came in) of a server that answers with that status."""
    heard: list[tuple[str, bytes]] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            heard.append((self.headers[SIGNATURE], body))
            self.send_response(status)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hooks", heard
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_signature_is_one_that_the_receiver_can_check():
    with receiving(200) as (url, heard):
        delivery = OutgoingWebhook(url, "whsec_ours").post(HOOK, NOW)

    header, body = heard[0]
    assert delivery.outcome is Outcome.SENT
    assert stripe.WebhookSignature.verify_header(body.decode(), header, "whsec_ours", tolerance=None)
    assert json.loads(body) == {
        "id": "suspend:inv-1:suspend", "type": "account.suspended", "account_id": "acme", "made_at": NOW.isoformat(),
        "data": {"owed_minor": 4900},
    }  # fmt: skip


def test_another_secret_makes_another_signature():
    with receiving(200) as (url, heard):
        OutgoingWebhook(url, "whsec_wrong").post(HOOK, NOW)

    header, body = heard[0]
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.WebhookSignature.verify_header(body.decode(), header, "whsec_ours", tolerance=None)


@pytest.mark.parametrize("status", [301, 400, 404, 500, 503])
def test_anything_but_a_success_is_told_again_later(status: int):
    with receiving(status) as (url, heard):
        delivery = OutgoingWebhook(url, "s").post(HOOK, NOW)

    assert (delivery.outcome, delivery.words, len(heard)) == (Outcome.DEFERRED, str(status), 1)


def test_nobody_there_is_told_again_later():
    with receiving(200) as (url, _):
        pass

    assert OutgoingWebhook(url, "s").post(HOOK, NOW).outcome is Outcome.DEFERRED
