"""The payment page in a real browser: what a customer sees, types and gets."""

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.web.browser_world import DESKTOP, chromium, type_card
from tests.web.page_world import Visitor

pytestmark = pytest.mark.skipif(
    chromium() is None, reason="no Chromium on the PATH or in CHROMIUM: the payment page was not tried in a browser"
)
DECLINED, WANTS_ITS_OWNER = "4000 0000 0000 0002", "4000 0027 6000 3184"


def pay(page: Any, number: str) -> None:
    type_card(page, number)
    page.get_by_role("button", name="Pay $1,234.50").click()


def answer(page: Any, passed: bool) -> None:
    page.locator("#test-source-authorize-3ds" if passed else "#test-source-fail-3ds").click()


def test_a_card_pays_the_invoice(page: Any, shopper: Visitor) -> None:
    pay(page, "4242 4242 4242 4242")

    expect(page.get_by_role("status")).to_have_text("Thank you, this invoice is paid.")
    assert shopper.desk.charges() == {"inv-1": 1}
    assert shopper.desk.sim.objects("payment_intent")[0]["metadata"]["invoice_id"] == "inv-1"


def test_a_declined_card_says_so_and_another_one_may_follow(page: Any, shopper: Visitor) -> None:
    pay(page, DECLINED)
    expect(page.get_by_role("alert")).to_contain_text("declined")

    pay(page, "4242 4242 4242 4242")

    expect(page.get_by_role("status")).to_contain_text("paid")
    assert shopper.desk.charges() == {"inv-1": 1}


def test_a_challenge_that_is_passed_pays(page: Any, shopper: Visitor) -> None:
    pay(page, WANTS_ITS_OWNER)
    answer(page, passed=True)

    expect(page.get_by_role("status")).to_contain_text("paid")
    assert shopper.desk.charges() == {"inv-1": 1}


def test_a_challenge_that_is_failed_charges_nothing_and_says_so(page: Any, shopper: Visitor) -> None:
    pay(page, WANTS_ITS_OWNER)
    answer(page, passed=False)

    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_role("button", name="Pay $1,234.50")).to_be_enabled()
    assert shopper.desk.charges() == {}


def test_what_the_engine_could_not_charge_is_paid_with_the_same_intent(
    page: Any, shopper: Visitor, address: str
) -> None:
    shopper.desk.collect()
    page.goto(f"{address}/pay/{shopper.token()}")

    pay(page, WANTS_ITS_OWNER)
    answer(page, passed=True)

    expect(page.get_by_role("status")).to_contain_text("paid")
    assert len(shopper.desk.sim.objects("payment_intent")) == 1
    assert shopper.desk.charges() == {"inv-1": 1}


def test_a_double_click_pays_once(page: Any, shopper: Visitor) -> None:
    type_card(page)
    page.get_by_role("button", name="Pay $1,234.50").dblclick()

    expect(page.get_by_role("status")).to_contain_text("paid")
    assert shopper.desk.charges() == {"inv-1": 1}


def test_two_tabs_pay_once(page: Any, shopper: Visitor) -> None:
    type_card(page)
    other = page.context.new_page()
    other.goto(page.url)  # only now: while the first tab still asks for its intent, a second one has no form
    type_card(other)

    page.get_by_role("button", name="Pay $1,234.50").click()
    expect(page.get_by_role("status")).to_contain_text("paid")
    other.get_by_role("button", name="Pay $1,234.50").click()

    expect(other.get_by_role("status")).to_contain_text("paid")
    assert shopper.desk.charges() == {"inv-1": 1}


def test_a_card_can_be_left_for_later(page: Any, shopper: Visitor) -> None:
    page.get_by_role("link", name="Only save a card or bank account").click()
    type_card(page)
    page.get_by_role("button", name="Save").click()

    expect(page.get_by_role("status")).to_contain_text("Saved.")
    (setup,) = shopper.desk.sim.objects("setup_intent")
    default = shopper.desk.sim.objects("customer")[0]["invoice_settings"]["default_payment_method"]
    assert (setup["status"], default) == ("succeeded", setup["payment_method"])
    assert shopper.desk.charges() == {}


def test_when_nobody_can_say_how_it_ended_the_page_does_not_say_that_nothing_was_charged(
    page: Any, shopper: Visitor
) -> None:
    page.route("**/done", lambda route: route.abort())
    pay(page, "4242 4242 4242 4242")
    expect(page.get_by_role("alert")).to_contain_text("will not be charged twice")

    page.unroute("**/done")
    page.reload()

    expect(page.get_by_role("status")).to_contain_text("paid")
    assert shopper.desk.charges() == {"inv-1": 1}


def test_a_mistyped_number_is_told_before_anything_is_sent(page: Any, shopper: Visitor) -> None:
    pay(page, "4242 4242 4242 4241")

    expect(page.get_by_role("alert")).to_contain_text("invalid")
    assert shopper.desk.charges() == {}
    assert shopper.desk.charges("failed") == {}


@pytest.mark.parametrize(("life", "words"), [({"days": -1}, "expired"), ({"days": 1}, "no payment link")])
def test_an_expired_and_a_tampered_link_show_no_invoice(
    page: Any, shopper: Visitor, address: str, life: dict[str, float], words: str
) -> None:
    token = shopper.token(**life)

    page.goto(f"{address}/pay/{token if words == 'expired' else token[:-3] + 'abc'}")

    expect(page.get_by_role("heading")).to_contain_text(words)
    expect(page.get_by_role("button")).to_have_count(0)


def test_the_page_fits_a_phone_and_its_parts_have_names(page: Any) -> None:
    page.get_by_text("What it is for").click()

    wide = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    assert not wide
    assert page.evaluate("document.documentElement.lang") == "en"
    for name in ("Card number", "Expiration date", "Security code"):
        expect(page.get_by_label(name)).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text("Invoice ACME-0042")
    assert page.get_by_role("button", name="Pay $1,234.50").bounding_box()["height"] >= 44


def test_the_page_can_be_used_by_keyboard_alone(page: Any, shopper: Visitor) -> None:
    page.get_by_label("Card number").focus()
    for words in ("4242424242424242", "1234", "123"):
        page.keyboard.type(words)
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page.get_by_role("status")).to_be_focused()
    assert shopper.desk.charges() == {"inv-1": 1}


def test_the_text_can_be_read_against_its_ground(page: Any) -> None:
    page.set_viewport_size(DESKTOP)

    ratios = page.evaluate(CONTRASTS)

    assert ratios
    assert min(ratios.values()) >= 4.5, ratios


CONTRASTS = """() => {
  const light = (rgb) => rgb.map((c) => c / 255).map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const numbers = (text) => text.match(/[\\d.]+/g).map(Number);
  const ground = (node) => {
    const [r, g, b, a = 1] = numbers(getComputedStyle(node).backgroundColor);
    return a ? [r, g, b] : node.parentElement ? ground(node.parentElement) : [255, 255, 255];
  };
  const found = {};
  for (const node of document.querySelectorAll("h1, h2, p, th, td, summary, button, a, label")) {
    if (!node.textContent.trim() || node.hidden) continue;
    const [one, two] = [light(numbers(getComputedStyle(node).color).slice(0, 3)), light(ground(node))].sort((a, b) => b - a);
    found[node.textContent.trim().slice(0, 30)] = (one + 0.05) / (two + 0.05);
  }
  return found;
}"""
