"""Payment methods that are chosen anew, and bank accounts that are typed."""

from typing import Any

import pytest
import stripe

from stripe_simulator import Simulator
from stripe_simulator.server import serving
from tests.simulator.stories import payer
from tests.simulator.test_browser import CHROMIUM, JS, PAGE, TIMEOUT_MS, browser  # noqa: F401 - a fixture

ALLOWED = "docs.stripe.com/changelog/dahlia/2026-07-29/allowed-payment-method-types-parameter"


@pytest.mark.behaviour("payment_intents", "what is allowed may be chosen anew until it is paid", source=ALLOWED)
def test_an_intent_is_opened_for_another_way_to_pay(client: stripe.StripeClient) -> None:
    customer, _ = payer(client)
    asked: Any = {"amount": 4900, "currency": "usd", "customer": customer, "allowed_payment_method_types": ["card"]}
    made = client.v1.payment_intents.create(asked)

    opened = client.v1.payment_intents.update(made.id, {"allowed_payment_method_types": ["card", "us_bank_account"]})
    narrowed: Any = {"payment_method": "pm_usBankAccount", "allowed_payment_method_types": ["us_bank_account"]}
    confirmed = client.v1.payment_intents.confirm(made.id, narrowed)

    assert (made.payment_method_types, opened.payment_method_types) == (["card"], ["card", "us_bank_account"])
    assert (confirmed.payment_method_types, confirmed.status) == (["us_bank_account"], "processing")


@pytest.mark.behaviour(
    "payment_methods", "a typed account has one fingerprint", source="docs.stripe.com/api/payment_methods"
)
def test_the_same_account_typed_twice_is_the_same_account(client: stripe.StripeClient) -> None:
    typed: Any = {"type": "sepa_debit", "sepa_debit": {"iban": "AT61 1904 3002 3457 3201"}}

    first, second = (client.v1.payment_methods.create(typed).sepa_debit for _ in range(2))

    assert first.fingerprint == second.fingerprint  # type: ignore[union-attr]


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine: set CHROMIUM to its path")
@pytest.mark.behaviour("stripe.js", "the form offers what the intent takes", source=f"{JS}/element/payment_element")
def test_the_form_offers_bank_debits_where_the_intent_takes_them(
    sim: Simulator,
    client: stripe.StripeClient,
    browser: Any,  # noqa: F811
) -> None:
    made = client.v1.payment_intents.create({"amount": 900, "currency": "eur"})
    with serving(sim) as url:
        page = browser.new_page()
        page.set_default_timeout(TIMEOUT_MS)
        shop = PAGE.format(url=url, secret=made.client_secret, call="confirmPayment")
        page.route(f"{url}/shop", lambda route: route.fulfill(body=shop, content_type="text/html"))
        page.goto(f"{url}/shop")
        page.get_by_label("SEPA Direct Debit").check()
        page.click("#go")
        page.wait_for_function("document.querySelector('output').textContent")
        incomplete = page.text_content("output")
        page.get_by_label("Name on the account").fill("Ann")
        page.get_by_label("IBAN").fill("AT611904300234573201")
        page.click("#go")
        page.wait_for_function("document.querySelector('output').textContent === 'processing'")
        page.close()

    assert incomplete == "error Your name is incomplete."
    assert client.v1.payment_intents.retrieve(made.id).status == "processing"
