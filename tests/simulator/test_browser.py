"""The stand-in for Stripe.js in a real browser: typed cards, the challenge, and what the page is told."""

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
import stripe

from stripe_simulator import Simulator
from stripe_simulator.server import serving

JS = "docs.stripe.com/js"
TIMEOUT_MS = 10_000
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine: set CHROMIUM to its path")

PAGE = """<!doctype html><title>pay</title><div id="card"></div><button id="go">Pay</button><output></output>
<script src="{url}/v3/stripe.js"></script><script>
const stripe = Stripe("pk_test_page"), elements = stripe.elements({{ clientSecret: "{secret}" }});
const payment = elements.create("payment");
payment.mount("#card");
document.getElementById("go").onclick = async () => {{
  const out = await stripe.{call}({{ elements, redirect: "if_required" }});
  const done = out.setupIntent || out.paymentIntent;
  document.querySelector("output").textContent = out.error ? `error ${{out.error.message}}` : done.status;
}};
</script>"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A headless browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        started = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def url(sim: Simulator) -> Iterator[str]:
    """The address of the simulator."""
    with serving(sim) as address:
        yield address


def _pay(browser: Any, url: str, secret: str, call: str, number: str, press: str = "") -> str:
    """What the page says after a card was typed, the button pressed, and the challenge (if any) answered."""
    page = browser.new_page()
    page.set_default_timeout(TIMEOUT_MS)
    page.route(f"{url}/shop", lambda route: route.fulfill(
        body=PAGE.format(url=url, secret=secret, call=call), content_type="text/html"
    ))  # fmt: skip
    page.goto(f"{url}/shop")
    page.get_by_label("Card number").fill(number)
    page.get_by_label("Expiration date").fill("12 / 34")
    page.get_by_label("Security code").fill("123")
    page.click("#go")
    if press:
        page.click(press)
    page.wait_for_function("document.querySelector('output').textContent")
    said = page.text_content("output")
    page.close()
    return str(said)


def _setup(client: stripe.StripeClient) -> stripe.SetupIntent:
    customer = client.v1.customers.create({})
    return client.v1.setup_intents.create({"customer": customer.id, "usage": "off_session"})


@pytest.mark.behaviour("stripe.js", "confirmSetup saves a typed card", source=f"{JS}/setup_intents/confirm_setup")
def test_a_typed_card_is_saved(browser: Any, url: str, client: stripe.StripeClient) -> None:
    made = _setup(client)

    said = _pay(browser, url, str(made.client_secret), "confirmSetup", "4242 4242 4242 4242")

    assert said == "succeeded"
    (card,) = client.v1.payment_methods.list({"customer": str(made.customer)}).data
    assert (card.card.last4, card.card.exp_year) == ("4242", 2034)  # type: ignore[union-attr]


@pytest.mark.behaviour("stripe.js", "a decline is told to the page", source=f"{JS}/payment_intents/confirm_payment")
def test_a_declined_payment_tells_the_page(browser: Any, url: str, client: stripe.StripeClient) -> None:
    made = client.v1.payment_intents.create({"amount": 900, "currency": "usd"})

    said = _pay(browser, url, str(made.client_secret), "confirmPayment", "4000000000009995")

    assert said == "error Your card has insufficient funds."
    assert client.v1.payment_intents.retrieve(made.id).status == "requires_payment_method"


@pytest.mark.behaviour("stripe.js", "the challenge can be passed or failed", source="docs.stripe.com/testing")
@pytest.mark.parametrize(
    ("press", "status"),
    [("#test-source-authorize-3ds", "succeeded"), ("#test-source-fail-3ds", "requires_payment_method")],
)
def test_the_challenge_decides(browser: Any, url: str, client: stripe.StripeClient, press: str, status: str) -> None:
    made = client.v1.payment_intents.create({"amount": 900, "currency": "usd"})

    said = _pay(browser, url, str(made.client_secret), "confirmPayment", "4000 0027 6000 3184", press)

    assert said.startswith("succeeded" if status == "succeeded" else "error We are unable to authenticate")
    assert client.v1.payment_intents.retrieve(made.id).status == status


def test_an_impossible_number_never_leaves_the_page(browser: Any, url: str, client: stripe.StripeClient) -> None:
    made = _setup(client)

    said = _pay(browser, url, str(made.client_secret), "confirmSetup", "4242 4242 4242 4241")

    assert said == "error Your card number is invalid."
    assert client.v1.setup_intents.retrieve(made.id).status == "requires_payment_method"


def test_a_wrong_client_secret_opens_nothing(browser: Any, url: str, client: stripe.StripeClient) -> None:
    made = _setup(client)

    said = _pay(browser, url, f"{made.id}_secret_guess", "confirmSetup", "4242 4242 4242 4242")

    assert said == "error The client_secret provided does not match this object."
