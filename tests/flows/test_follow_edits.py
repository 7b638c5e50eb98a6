"""What somebody changes in Stripe comes back to our subscription by policy; what Stripe cannot do is said and billed here."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from billing_pipeline.adapters.mirror_policy_file import read_mirror_policy
from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.tables import billing, catalog, stripe
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.mirror_policy import Answer, MirrorPolicy
from billing_pipeline.domain.mirror_requests import Aspect
from billing_pipeline.flows.follow_edits import decide_proposal
from stripe_simulator import Simulator
from tests.architecture.source import ROOT
from tests.mirroring import MirrorDesk, add_item, mirror_customer, open_mirror_desk, open_team_desk
from tests.seeds import change, fetch, insert_price, insert_subscription


@pytest.fixture
def desk(db: Database, simulator: Simulator) -> MirrorDesk:
    """Acme pays for three seats; its mirror is held and every event so far was heard."""
    made = open_team_desk(db, simulator)
    insert_price(db, "basic-usd")
    made.catalog()
    made.hear()
    return made


def edit(desk: MirrorDesk, **params: Any) -> None:
    """Somebody changes the mirror in the dashboard, and we hear of it."""
    desk.pass_time(hours=30)
    desk.client.subscriptions.update(desk.ours()["stripe_subscription_id"], {"proration_behavior": "none", **params})
    desk.hear()


def price_id(desk: MirrorDesk, name: str) -> str:
    (row,) = fetch(desk.db, catalog.prices, price_id=name)
    return str(row["stripe_price_id"])


def seats(desk: MirrorDesk) -> int:
    (row,) = fetch(desk.db, billing.subscription_items, subscription_id="s1", valid_to=None)
    return int(row["quantity"])


def test_seats_changed_in_the_dashboard_become_a_change_of_ours(desk: MirrorDesk) -> None:
    edit(desk, items=[{"id": desk.item()["id"], "quantity": 7}])

    done = desk.sync()
    desk.bill()
    again = desk.sync()

    assert (done.applied, seats(desk), desk.item()["quantity"]) == (1, 7, 7)
    assert (again.updated, again.applied) == (0, 0)
    (invoice,) = fetch(desk.db, billing.invoices, kind="change")
    assert invoice["total_minor"] > 0


def test_an_end_asked_for_in_the_portal_is_ours_too(desk: MirrorDesk) -> None:
    edit(desk, cancel_at_period_end=True)

    desk.sync()
    desk.bill()

    assert desk.ours()["cancel_at"] == desk.ours()["next_period_start"]
    assert desk.sync().updated == 0


def test_a_price_changed_in_the_dashboard_waits_for_a_person(desk: MirrorDesk) -> None:
    edit(desk, items=[{"id": desk.item()["id"], "price": price_id(desk, "basic-usd"), "quantity": 1}])

    done = desk.sync()
    (proposal,) = desk.store.open_proposals(10)
    decide_proposal(desk.store, desk.clock, proposal.proposal_id, accept=True, who="ann")
    desk.bill()

    (item,) = fetch(desk.db, billing.subscription_items, subscription_id="s1", valid_to=None)
    assert (done.proposed, proposal.proposal.aspect, item["price_id"]) == (1, "price", "basic-usd")
    assert desk.sync().updated == 0


def test_a_rejected_proposal_sets_stripe_back(desk: MirrorDesk) -> None:
    edit(desk, items=[{"id": desk.item()["id"], "price": price_id(desk, "basic-usd"), "quantity": 1}])
    desk.sync()
    (proposal,) = desk.store.open_proposals(10)

    decide_proposal(desk.store, desk.clock, proposal.proposal_id, accept=False, who="ann")
    desk.sync()

    assert (desk.item()["price"]["lookup_key"], desk.item()["quantity"]) == ("billing:team-usd", 3)
    with pytest.raises(Broken, match="no open proposal"):
        decide_proposal(desk.store, desk.clock, proposal.proposal_id, accept=True, who="bob")


def test_items_added_and_removed_in_the_dashboard_are_ours_once_a_person_agrees(desk: MirrorDesk) -> None:
    edit(
        desk, items=[{"price": price_id(desk, "basic-usd"), "quantity": 1}, {"id": desk.item()["id"], "deleted": True}]
    )

    done = desk.sync()
    for stored in desk.store.open_proposals(10):
        decide_proposal(desk.store, desk.clock, stored.proposal_id, accept=True, who="ann")
    desk.bill()
    desk.sync()

    (item,) = fetch(desk.db, billing.subscription_items, subscription_id="s1", valid_to=None)
    assert (done.proposed, item["item_id"], item["price_id"]) == (2, "s1-basic-usd", "basic-usd")
    assert [one["metadata"]["item_id"] for one in desk.theirs()["items"]["data"]] == ["s1-basic-usd"]
    assert (desk.sync().updated, desk.charged()) == (0, 0)


def test_a_policy_that_reverts_puts_everything_back(db: Database, desk: MirrorDesk) -> None:
    strict = open_mirror_desk(
        db, desk.sim, MirrorPolicy(dict.fromkeys((Aspect.QUANTITY, Aspect.CANCEL), Answer.REVERT))
    )
    edit(strict, items=[{"id": desk.item()["id"], "quantity": 9}], cancel_at_period_end=True)

    strict.sync()

    assert (strict.item()["quantity"], strict.theirs()["cancel_at_period_end"], seats(strict)) == (3, False, 3)


def test_a_released_hold_is_put_back_whatever_the_policy_says(desk: MirrorDesk) -> None:
    edit(desk, pause_collection="")

    desk.sync()

    assert desk.theirs()["pause_collection"]["behavior"] == "void"


def test_a_mirror_deleted_in_stripe_ends_the_subscription_once(desk: MirrorDesk) -> None:
    desk.pass_time(days=2)
    desk.client.subscriptions.cancel(desk.ours()["stripe_subscription_id"])

    desk.hear()
    desk.sync()
    desk.bill()

    assert (desk.ours()["state"], desk.ours()["mirror_state"]) == ("canceled", "canceled")
    assert len(fetch(desk.db, billing.subscription_changes)) == 1


def test_our_change_wins_where_both_sides_changed(desk: MirrorDesk) -> None:
    edit(desk, items=[{"id": desk.item()["id"], "quantity": 9}])
    desk.ask("quantity", {"quantity": 4})

    done = desk.sync()

    assert (desk.item()["quantity"], seats(desk), done.applied) == (4, 4, 0)


INEXPRESSIBLE = [
    ({"usage": "metered", "meter": "calls", "scheme": "per_unit"}, {}, "usage of meter calls"),
    ({"minimum_minor": 5000}, {}, "minimum commitment"),
    ({"scheme": "per_unit", "unit_minor": 1, "per_units": 3}, {}, "more than 12 decimals"),
    ({"interval": "year", "interval_count": 5}, {"interval": "year", "interval_count": 5}, "three years"),
    ({}, {"zone": "Europe/Berlin"}, "Stripe counts in UTC"),
    ({"interval": "day"}, {"interval": "day"}, "billed every day"),
]


@pytest.mark.parametrize(("price", "subscription", "words"), INEXPRESSIBLE)
def test_what_stripe_cannot_express_is_named_and_billed_here(
    db: Database, simulator: Simulator, price: dict[str, Any], subscription: dict[str, Any], words: str
) -> None:
    desk = open_mirror_desk(db, simulator)
    mirror_customer(desk)
    insert_price(db, "odd", "odd", **price)
    insert_subscription(db, "s1", price_id="odd", **subscription)
    desk.bill()
    desk.catalog()

    done = desk.sync()

    assert (done.inexpressible, desk.ours()["mirror_state"], desk.posts()) == (1, "inexpressible", 0)
    assert words in desk.ours()["mirror_reason"]
    assert words in done.why["s1"]


def test_more_than_twenty_items_end_the_mirror_and_fewer_make_another(desk: MirrorDesk) -> None:
    for number in range(2, 22):
        insert_price(desk.db, f"extra-{number}", "extra")
        add_item(desk, f"s1-{number:02d}", f"extra-{number}")
    desk.catalog()

    desk.sync()
    reason = desk.ours()["mirror_reason"]
    change(desk.db, billing.subscription_items, "s1-21", valid_to=desk.clock.now())
    desk.sync()

    assert "21 items" in reason
    assert (desk.ours()["mirror_state"], len(desk.theirs()["items"]["data"])) == ("held", 20)


def test_an_archived_price_keeps_who_has_it_and_takes_nobody_new(desk: MirrorDesk) -> None:
    change(desk.db, catalog.prices, "team-usd", active=False)
    desk.catalog()
    mirror_customer(desk, "beta")
    insert_subscription(desk.db, "s2", "beta", "team-usd")
    desk.bill()

    done = desk.sync()

    assert desk.ours("s1")["mirror_state"] == "held"
    assert (desk.ours("s2")["mirror_state"], "archived" in done.why["s2"]) == ("inexpressible", True)


def test_a_change_of_currency_is_refused_and_the_mirror_stays_held(desk: MirrorDesk) -> None:
    insert_price(desk.db, "team-eur", "team", currency="eur", scheme="per_unit", unit_minor=1100)
    desk.catalog()
    change(desk.db, billing.subscription_items, "s1-1", price_id="team-eur")
    desk.alter(currency="eur")

    done = desk.sync()

    assert "never changes its currency" in done.why["s1"]
    assert (desk.ours()["mirror_state"], desk.theirs()["pause_collection"]["behavior"]) == ("inexpressible", "void")


def test_an_anchor_on_the_last_day_waits_for_a_month_that_has_it(db: Database, simulator: Simulator) -> None:
    desk = open_mirror_desk(db, simulator)
    mirror_customer(desk)
    insert_price(db)
    begins = datetime(2026, 1, 31, tzinfo=UTC)
    insert_subscription(db, anchor_on=date(2026, 1, 31), started_at=begins, next_period_start=begins)
    desk.catalog()
    desk.until(datetime(2026, 1, 31, 6, tzinfo=UTC))
    desk.bill()

    early = desk.sync()
    desk.until(datetime(2026, 2, 28, 6, tzinfo=UTC))
    desk.bill()
    too_far = desk.sync()
    desk.until(datetime(2026, 3, 1, 6, tzinfo=UTC))
    desk.sync()
    desk.until(datetime(2026, 6, 1, tzinfo=UTC))
    desk.bill()

    assert (early.later, "anchor's own day: 2026-03-31" in early.why["s1"]) == (1, True)
    assert "no further ahead" in too_far.why["s1"]
    assert desk.item()["current_period_end"] == int(desk.ours()["next_period_start"].timestamp())


def test_the_policy_file_says_what_the_defaults_say() -> None:
    assert read_mirror_policy(ROOT / "policies") == MirrorPolicy()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[changed_in_stripe]\nprice = 'perhaps'", "is none of apply, propose, revert"),
        ("[changed_in_stripe]\ncoupons = 'apply'", "cannot be applied"),
        ("[changed_in_stripe]\nhold = 'apply'", "always mended"),
        ("[other]\n", "unknown table"),
        ("changed_in_stripe = 'apply'", "changed_in_stripe must be a table"),
        ("[", "subscriptions.toml"),
    ],
)
def test_a_wrong_policy_is_refused_with_its_reason(tmp_path: Any, text: str, words: str) -> None:
    (tmp_path / "subscriptions.toml").write_text(text)

    with pytest.raises(Broken, match=words):
        read_mirror_policy(tmp_path)


def test_an_account_on_net_terms_is_billed_here(desk: MirrorDesk) -> None:
    change(desk.db, catalog.accounts, "acme", collection_method="net_terms", net_terms_days=14)

    done = desk.sync()

    assert "net terms" in done.why["s1"]
    assert {one["status"] for one in desk.sim.objects("subscription")} == {"canceled"}
    assert [row["method_path"][:6] for row in fetch(desk.db, stripe.stripe_attempts, operation="mirror")][
        -1
    ] == "delete"


def test_a_mirror_that_is_held_because_it_cannot_follow_ends_with_its_subscription(desk: MirrorDesk) -> None:
    insert_price(desk.db, "team-eur", "team", currency="eur", scheme="per_unit", unit_minor=1100)
    desk.catalog()
    change(desk.db, billing.subscription_items, "s1-1", price_id="team-eur")
    desk.alter(currency="eur")
    desk.sync()

    desk.ask("cancel")
    done = desk.sync()

    assert (done.ended, desk.theirs()["status"], desk.ours()["mirror_state"]) == (1, "canceled", "canceled")
