"""The payment page as a server: what it shows, what it hands out, and what it never believes."""

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.tables import billing, catalog
from billing_pipeline.web.app import build_app
from stripe_simulator import Fault, Simulator
from tests.collecting import Desk, customer, invoice, open_desk
from tests.fakes import START
from tests.seeds import add, change
from tests.web.page_world import Visitor, pay_in_part, visit, world_of


@pytest.fixture
def desk(db: Database, simulator: Simulator) -> Desk:
    return open_desk(db, simulator)


@pytest.fixture
def visitor(desk: Desk, tmp_path: Path) -> Visitor:
    customer(desk, card="pm_sim_insufficient_funds", locale="de_DE", currency="eur")
    invoice(desk, currency="eur", total_minor=123450)
    add(
        desk.db, billing.invoice_lines, invoice_id="inv-1", line_no=1, kind="item", description="<b>Plan</b>",
        amount_minor=123450,
    )  # fmt: skip
    return visit(desk, tmp_path)


def test_the_invoice_is_shown_in_its_customers_language(visitor: Visitor) -> None:
    page = visitor.page()

    assert page.status_code == 200
    assert '<html lang="de">' in page.text
    assert "1.234,50\xa0€" in page.text
    assert "1. Januar 2026" in page.text
    assert "&lt;b&gt;Plan&lt;/b&gt;" in page.text


def test_nothing_but_our_files_and_stripes_may_run(visitor: Visitor, desk: Desk, tmp_path: Path) -> None:
    local = visitor.page().headers
    real = visit(desk, tmp_path, simulator=None, STRIPE_SECRET_KEY="sk_test_1", STRIPE_PUBLISHABLE_KEY="pk_test_1")

    policy = real.page().headers["content-security-policy"]

    assert "script-src 'self' http://127.0.0.1:9;" in local["content-security-policy"]
    assert (local["referrer-policy"], local["cache-control"]) == ("no-referrer", "no-store")
    assert "script-src 'self' https://js.stripe.com https://*.js.stripe.com;" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "https://js.stripe.com/endive/stripe.js" in real.page().text


@pytest.mark.parametrize("path", ["", "/card"])
def test_an_expired_or_tampered_link_shows_nothing(visitor: Visitor, path: str) -> None:
    expired = visitor.page(path, visitor.token(days=-1))
    tampered = visitor.page(path, visitor.token()[:-4] + "AAAA")

    assert (expired.status_code, tampered.status_code) == (410, 404)
    assert all("Plan" not in page.text for page in (expired, tampered))
    assert "expired" in expired.text


@pytest.mark.parametrize("what", ["session", "done"])
def test_an_expired_or_tampered_link_does_nothing(visitor: Visitor, what: str) -> None:
    assert visitor.ask(what, token=visitor.token(days=-1))["status"] == 410
    assert visitor.ask(what, token="nonsense")["status"] == 404
    assert visitor.ask(what, token=visitor.token("no-such-invoice"))["status"] == 404
    assert visitor.desk.attempts() == []


def test_a_payment_on_the_page_is_one_intent_and_a_fact(visitor: Visitor) -> None:
    session = visitor.ask("session")
    visitor.confirm()
    done = visitor.ask("done")

    (intent,) = visitor.desk.sim.objects("payment_intent")
    assert (session["state"], session["client_secret"]) == ("ready", intent["client_secret"])
    assert (done["state"], done["said"]) == ("paid", "Vielen Dank, diese Rechnung ist bezahlt.")
    assert intent["id"] in {fact["object_id"] for fact in visitor.desk.facts()}
    assert visitor.desk.collection()["closed_at"] is None  # only the inbox moves states


def test_the_card_that_paid_is_charged_from_now_on(visitor: Visitor) -> None:
    visitor.ask("session")
    visitor.confirm("pm_card_mastercard")
    visitor.ask("done")

    paid = visitor.desk.sim.objects("payment_intent")[0]["payment_method"]
    assert visitor.desk.sim.objects("customer")[0]["invoice_settings"]["default_payment_method"] == paid


def test_what_the_browser_says_is_not_believed(visitor: Visitor) -> None:
    visitor.ask("session")

    assert visitor.ask("done")["state"] == "failed"
    assert visitor.desk.charges() == {}


def test_the_page_goes_on_with_the_intent_that_the_engine_made(visitor: Visitor) -> None:
    visitor.desk.collect()
    declined = visitor.intent()

    session = visitor.ask("session")
    visitor.confirm()

    assert visitor.ask("done")["state"] == "paid"
    assert (visitor.intent(), len(visitor.desk.sim.objects("payment_intent"))) == (declined, 1)
    assert session["client_secret"].startswith(declined)


def test_a_double_click_hands_out_the_same_intent(visitor: Visitor) -> None:
    first, second = visitor.ask("session"), visitor.ask("session")

    assert first["client_secret"] == second["client_secret"]
    assert len(visitor.desk.sim.objects("payment_intent")) == 1


@pytest.mark.parametrize("reason", ["credited", "given_up"])
def test_no_second_intent_is_made_while_an_old_tab_can_pay_the_first(visitor: Visitor, reason: str) -> None:
    visitor.ask("session")
    change(visitor.desk.db, billing.invoices, "inv-1", credited_minor=3450)
    visitor.desk.alter(closed_at=START, close_reason=reason, status="requires_payment_method")

    session = visitor.ask("session")

    intents = {one["amount"]: one["status"] for one in visitor.desk.sim.objects("payment_intent")}
    assert session["state"] == "ready"
    assert intents == {123450: "canceled", 120000: "requires_payment_method"}


def test_a_retry_of_the_engine_while_the_customer_pays_ends_in_one_charge(visitor: Visitor) -> None:
    visitor.desk.collect()
    visitor.ask("session")
    visitor.confirm()
    visitor.desk.wish_retry()

    done = visitor.desk.collect()

    assert done.succeeded == 1
    assert visitor.desk.charges() == {"inv-1": 1}


def test_while_a_call_is_in_flight_nobody_can_pay(visitor: Visitor) -> None:
    visitor.desk.fault("drop_after", times=0)
    visitor.desk.collect()

    assert visitor.ask("session") | {"said": ""} == {
        "status": 200, "state": "trying", "client_secret": "", "tone": "plain", "said": "",
    }  # fmt: skip
    assert 'id="pay"' not in visitor.page().text


def test_a_page_that_waits_looks_again_by_itself_and_no_other_page_does(visitor: Visitor) -> None:
    open_page = visitor.page().text
    visitor.desk.fault("drop_after", times=0)
    visitor.desk.collect()

    assert ('http-equiv="refresh"' in open_page, 'http-equiv="refresh"' in visitor.page().text) == (False, True)


def test_a_customer_who_leaves_the_page_is_charged_by_the_engine_an_hour_later(visitor: Visitor) -> None:
    visitor.ask("session")

    at_once = visitor.desk.collect()
    visitor.desk.pass_time(hours=2)
    later = visitor.desk.collect()

    assert (at_once.submitted, later.submitted) == (0, 1)
    assert len(visitor.desk.sim.objects("payment_intent")) == 1


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"state": "paid", "paid_at": START}, "bezahlt"),
        ({"state": "void"}, "nichts zu zahlen"),
        ({"credited_minor": 123450}, "nichts zu zahlen"),
    ],
)
def test_what_is_not_owed_cannot_be_paid(visitor: Visitor, values: dict[str, object], said: str) -> None:
    change(visitor.desk.db, billing.invoices, "inv-1", **values)

    page = visitor.page()

    assert said in page.text
    assert 'id="pay"' not in page.text
    assert visitor.ask("session")["client_secret"] == ""


def test_the_rest_of_an_invoice_that_a_charge_paid_in_part_is_asked_for_by_people(visitor: Visitor) -> None:
    pay_in_part(visitor.desk, 100000)

    page = visitor.page()

    assert "Ein Teil dieser Rechnung ist schon bezahlt" in page.text
    assert 'id="pay"' not in page.text
    assert visitor.ask("session")["client_secret"] == ""


def test_a_debit_on_its_way_is_not_asked_for_again(visitor: Visitor) -> None:
    visitor.desk.collect()
    visitor.desk.alter(status="processing")

    assert "unterwegs" in visitor.page().text
    assert visitor.ask("session")["state"] == "processing"


def test_a_written_off_invoice_can_still_be_paid(visitor: Visitor) -> None:
    change(visitor.desk.db, billing.invoices, "inv-1", state="written_off", written_off_at=START)

    assert visitor.ask("session")["state"] == "ready"


def test_a_saved_card_becomes_the_default_and_is_told_to_the_inbox(visitor: Visitor) -> None:
    session = visitor.ask("session", "card")
    (setup,) = visitor.desk.sim.objects("setup_intent")
    visitor.desk.sim.client().v1.setup_intents.confirm(setup["id"], {"payment_method": "pm_card_visa"})

    done = visitor.ask("done", "card")

    (setup,) = visitor.desk.sim.objects("setup_intent")
    default = visitor.desk.sim.objects("customer")[0]["invoice_settings"]["default_payment_method"]
    assert session["client_secret"].startswith("seti_")
    assert (done["state"], default) == ("saved", setup["payment_method"])
    assert "setup_intent.reply" in {fact["type"] for fact in visitor.desk.facts()}


def test_an_unused_setup_is_handed_out_again(visitor: Visitor) -> None:
    first, second = visitor.ask("session", "card"), visitor.ask("session", "card")

    assert first["client_secret"] == second["client_secret"]
    assert len(visitor.desk.sim.objects("setup_intent")) == 1


def test_trouble_with_stripe_is_said_in_words_and_charges_nothing(visitor: Visitor) -> None:
    visitor.desk.fault("error_before")

    session = visitor.ask("session")

    assert (session["status"], session["state"], session["tone"]) == (200, "later", "bad")


def test_after_a_payment_nobody_says_that_nothing_was_charged_while_stripe_cannot_be_asked(visitor: Visitor) -> None:
    visitor.ask("session")
    visitor.confirm()
    visitor.desk.sim.faults.add(Fault(kind="drop_before", method="get", path="/v1/payment_intents/*", times=0))

    unsure = visitor.ask("done")
    visitor.desk.sim.faults.clear()
    visitor.desk.sim.faults.add(Fault(kind="drop_before", method="get", path="/v1/payment_methods/*", times=0))
    paid = visitor.ask("done")

    assert (unsure["state"], unsure["tone"], paid["state"]) == ("unsure", "plain", "paid")
    assert "nicht doppelt" in unsure["said"]


def test_a_body_that_is_not_ours_is_refused(visitor: Visitor) -> None:
    token = visitor.token()

    form = visitor.client.post(f"/pay/{token}/session", data={"mode": "pay"})
    long = visitor.client.post(f"/pay/{token}/session", json={"mode": "x" * 2000})

    assert (form.status_code, long.status_code) == (400, 400)


def test_without_a_publishable_key_only_the_invoice_is_shown(desk: Desk, visitor: Visitor, tmp_path: Path) -> None:
    bare = visit(desk, tmp_path, simulator=None, STRIPE_SECRET_KEY="sk_test_1")

    page = bare.page()

    assert "Online-Zahlung ist hier nicht möglich" in page.text
    assert 'id="pay"' not in page.text


@pytest.mark.parametrize("locale", ["en", "fr-FR", "ja_JP", "tlh", ""])
def test_every_language_has_a_page_and_unknown_ones_get_english(visitor: Visitor, locale: str) -> None:
    change(visitor.desk.db, catalog.accounts, "acme", locale=locale)

    page = visitor.page()

    assert page.status_code == 200
    assert f'<html lang="{locale[:2] if locale[:2] in ("en", "fr", "ja") else "en"}">' in page.text


def test_the_web_application_serves_the_page(visitor: Visitor, tmp_path: Path) -> None:
    app = build_app(world_of(visitor.desk, tmp_path))

    assert TestClient(app).get(f"/pay/{visitor.token()}").status_code == 200


def test_assets_are_served_and_nothing_else(visitor: Visitor) -> None:
    assert visitor.client.get("/pay/assets/page.css").status_code == 200
    assert visitor.client.get("/pay/assets/page.js").status_code == 200
    assert visitor.client.get("/pay/assets/texts.toml").status_code == 404
