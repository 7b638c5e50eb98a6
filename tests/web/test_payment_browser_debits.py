"""Bank debits on the payment page in a real browser: on their way for days, and never taken for paid."""

from typing import Any

import pytest
from playwright.sync_api import expect

from billing_pipeline.adapters.stores.event_store import EventStore
from billing_pipeline.adapters.stores.inbox_store import InboxStore
from billing_pipeline.adapters.tables import billing
from billing_pipeline.flows.apply_events import apply_events
from billing_pipeline.flows.facts import event_fact
from tests.collecting import Desk, customer, invoice
from tests.seeds import fetch
from tests.web.browser_world import chromium
from tests.web.page_world import Visitor

pytestmark = pytest.mark.skipif(
    chromium() is None, reason="no Chromium on the PATH or in CHROMIUM: the payment page was not tried in a browser"
)
PAYS, BOUNCES = "000123456789", "000222222227"


def type_account(page: Any, account: str = PAYS) -> None:
    page.get_by_label("US bank account").check()
    page.get_by_label("Name on the account").fill("Acme Incorporated")
    page.get_by_label("Routing number").fill("110000000")
    page.get_by_label("Account number").fill(account)


def pass_days(desk: Desk, days: int) -> None:
    """Days go by, and what Stripe tells of them is applied."""
    desk.pass_time(days=days)
    InboxStore(desk.db).put([event_fact(one, "poll") for one in desk.sim.objects("event")], desk.clock.now())
    apply_events(EventStore(desk.db), desk.gateway, desk.clock)


def state(desk: Desk) -> str:
    (row,) = fetch(desk.db, billing.invoices, invoice_id="inv-1")
    return str(row["state"])


def test_a_bank_account_pays_the_invoice_days_later(page: Any, shopper: Visitor) -> None:
    desk = shopper.desk
    type_account(page)
    page.get_by_role("button", name="Pay $1,234.50").click()
    expect(page.get_by_role("status")).to_contain_text("on its way")
    pass_days(desk, 0)
    on_its_way = state(desk)
    page.reload()
    expect(page.get_by_role("status")).to_contain_text("takes a few days")
    expect(page.get_by_role("button")).to_have_count(0)

    pass_days(desk, 5)
    page.reload()

    expect(page.get_by_role("status")).to_have_text("Thank you, this invoice is paid.")
    assert (on_its_way, state(desk)) == ("pending", "paid")
    assert desk.charges() == {"inv-1": 1}


def test_while_a_debit_is_on_its_way_the_engine_charges_nothing(page: Any, shopper: Visitor) -> None:
    type_account(page)
    page.get_by_role("button", name="Pay $1,234.50").click()
    expect(page.get_by_role("status")).to_contain_text("on its way")

    shopper.desk.pass_time(hours=2)
    done = shopper.desk.collect()

    assert (done.succeeded, len(shopper.desk.sim.objects("charge"))) == (0, 1)


def test_a_debit_that_comes_back_leaves_the_invoice_open_and_another_way_may_follow(
    page: Any, shopper: Visitor
) -> None:
    desk = shopper.desk
    type_account(page, BOUNCES)
    page.get_by_role("button", name="Pay $1,234.50").click()
    expect(page.get_by_role("status")).to_contain_text("on its way")

    pass_days(desk, 5)
    page.reload()
    type_account(page)
    page.get_by_role("button", name="Pay $1,234.50").click()
    expect(page.get_by_role("status")).to_contain_text("on its way")
    pass_days(desk, 5)

    assert state(desk) == "paid"
    assert desk.charges() == {"inv-1": 1}
    assert len(desk.sim.objects("payment_intent")) == 1


def test_what_the_engine_could_not_charge_to_a_card_is_paid_from_a_bank_account(
    page: Any, shopper: Visitor, address: str
) -> None:
    shopper.desk.collect()
    page.goto(f"{address}/pay/{shopper.token()}")

    type_account(page)
    page.get_by_role("button", name="Pay $1,234.50").click()

    expect(page.get_by_role("status")).to_contain_text("on its way")
    assert len(shopper.desk.sim.objects("payment_intent")) == 1


def test_a_bank_account_left_for_later_is_charged_from_now_on(page: Any, shopper: Visitor) -> None:
    page.get_by_role("link", name="Only save a card or bank account").click()
    type_account(page)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("Saved.")
    pass_days(shopper.desk, 0)
    shopper.desk.pass_time(hours=1)  # the customer had the page open, and is left in peace for so long

    done = shopper.desk.collect()

    assert done.processing == 1
    (charge,) = shopper.desk.sim.objects("charge")
    assert charge["payment_method_details"]["type"] == "us_bank_account"


def test_euros_are_debited_by_sepa(page: Any, shopper: Visitor, address: str) -> None:
    customer(shopper.desk, "berlin", currency="eur", locale="de-DE")
    invoice(shopper.desk, "inv-eur", "berlin", currency="eur", number="B-7")
    page.goto(f"{address}/pay/{shopper.token('inv-eur')}")

    page.get_by_label("SEPA Direct Debit").check()
    page.get_by_label("Name on the account").fill("Berlin GmbH")
    page.get_by_label("IBAN").fill("AT61 1904 3002 3457 3201")
    page.get_by_role("button", name="Bezahlen").click()

    expect(page.get_by_role("status")).to_contain_text("Lastschrift")
    expect(page.get_by_label("US bank account")).to_have_count(0)
    (charge,) = shopper.desk.sim.objects("charge")
    assert (charge["payment_method_details"]["type"], charge["status"]) == ("sepa_debit", "pending")


def test_what_was_said_of_one_way_to_pay_is_gone_when_another_is_chosen(page: Any) -> None:
    page.get_by_role("button", name="Pay $1,234.50").click()
    expect(page.get_by_role("alert")).to_contain_text("card number is incomplete")

    page.get_by_label("US bank account").check()

    expect(page.get_by_role("alert")).to_have_count(0)


def test_the_ways_to_pay_can_be_chosen_by_keyboard_and_have_names(page: Any, shopper: Visitor) -> None:
    expect(page.get_by_role("group", name="Payment method")).to_be_visible()
    page.get_by_label("Card", exact=True).focus()
    page.keyboard.press("ArrowDown")

    expect(page.get_by_label("US bank account")).to_be_checked()
    expect(page.get_by_label("Name on the account")).to_have_value("Acme Incorporated")
    wide = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    assert not wide
