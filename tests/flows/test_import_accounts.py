"""Importing files: all or nothing, twice is once, and every refusal names its row."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from billing_pipeline.adapters.intake_files import read_sheet
from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.billing_store import BillingStore
from billing_pipeline.adapters.stores.intake_store import IntakeStore
from billing_pipeline.adapters.tables import billing, catalog, control
from billing_pipeline.adapters.tables.ledger import journal_entries
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.intake_kinds import KINDS
from billing_pipeline.flows.import_accounts import How, import_rows
from billing_pipeline.flows.issue_invoices import issue_invoices
from billing_pipeline.flows.ports.intake import Imported
from tests.fakes import FakeClock
from tests.ledger_seeds import balances, findings
from tests.seeds import add, fetch, insert_account, insert_entity, insert_price, insert_subscription

EXAMPLES = Path(__file__).parents[2] / "examples" / "import"
NOW = datetime(2026, 3, 10, 8, tzinfo=UTC)
ACCOUNTS = "account_id,name,email,country,currency\n"
PLAIN = How()


def take(db: Database, folder: Path, kind: str, content: str, how: How = PLAIN, name: str = "file.csv") -> Imported:
    file = folder / name
    file.write_text(content)
    return import_rows(IntakeStore(db), FakeClock(NOW), kind, read_sheet(file), how)


def told(done: Imported) -> list[str]:
    return [str(refusal) for refusal in done.refused]


def test_the_example_files_go_in_one_after_the_other_and_the_books_are_sound(db: Database) -> None:
    how = How(collect_from=date(2026, 1, 1), by="ann")

    done = {
        kind: import_rows(IntakeStore(db), FakeClock(NOW), kind, read_sheet(EXAMPLES / f"{kind}.csv"), how)
        for kind in KINDS
    }

    assert {kind: told(each) for kind, each in done.items() if each.refused} == {}
    assert all(each.added == each.rows > 0 for each in done.values())
    assert balances(db) == {"receivable": 19100, "opening_balance": -16600, "customer_credits": -2500}
    assert findings(db) == []


def test_the_same_file_again_changes_nothing(db: Database) -> None:
    test_the_example_files_go_in_one_after_the_other_and_the_books_are_sound(db)
    entries = len(fetch(db, journal_entries))

    again = [
        import_rows(IntakeStore(db), FakeClock(NOW), kind, read_sheet(EXAMPLES / f"{kind}.csv"), PLAIN)
        for kind in KINDS
    ]

    assert all(each.again and each.added == 0 for each in again)
    assert len(fetch(db, journal_entries)) == entries


def test_the_same_rows_in_another_file_change_nothing(db: Database, tmp_path: Path) -> None:
    insert_entity(db)
    first = take(db, tmp_path, "accounts", ACCOUNTS + "a1,One,one@x.example,DE,eur\n")

    again = take(db, tmp_path, "accounts", ACCOUNTS + "a1,One,one@x.example,DE,eur\na2,Two,two@x.example,DE,eur\n")

    assert (first.added, again.added, again.known) == (1, 1, 1)


def test_an_account_without_a_stripe_customer_is_a_request_for_one(db: Database, tmp_path: Path) -> None:
    insert_entity(db)

    take(db, tmp_path, "accounts", ACCOUNTS + "muster_gmbh,M,m@x.example,DE,eur\n")

    (row,) = fetch(db, catalog.accounts)
    assert (row["stripe_customer_id"], row["invoice_prefix"], row["created_at"]) == (None, "MUSTER-GMBH", NOW)


def test_one_bad_row_keeps_the_whole_file_out(db: Database, tmp_path: Path) -> None:
    insert_entity(db)
    content = ACCOUNTS + "a1,One,one@x.example,DE,eur\na2,Two,nobody,Germany,eur\n"

    done = take(db, tmp_path, "accounts", content)

    assert told(done) == [
        "row 3, country: 'Germany' is no country: use two letters such as DE",
        "row 3, email: 'nobody' is no e-mail address",
    ]
    assert (done.added, fetch(db, catalog.accounts), fetch(db, control.imports)) == (0, [], [])


def test_with_skip_refused_the_good_rows_go_in_and_the_rest_is_remembered(db: Database, tmp_path: Path) -> None:
    insert_entity(db)
    content = ACCOUNTS + "a1,One,one@x.example,DE,eur\na2,Two,nobody,DE,eur\n"

    done = take(db, tmp_path, "accounts", content, How(skip_refused=True, by="ann"))

    (memory,) = fetch(db, control.imports)
    assert (done.added, len(fetch(db, catalog.accounts))) == (1, 1)
    assert (memory["rows"], memory["refused"], memory["imported_by"]) == (2, 1, "ann")
    assert memory["refusals"] == [{"row": 3, "column": "email", "problem": "'nobody' is no e-mail address"}]


def test_a_file_with_refused_rows_may_be_taken_again_when_what_was_missing_is_there(
    db: Database, tmp_path: Path
) -> None:
    content = ACCOUNTS + "a1,One,one@x.example,DE,eur\n"
    refused = take(db, tmp_path, "accounts", content, How(skip_refused=True))
    insert_entity(db)

    done = take(db, tmp_path, "accounts", content)

    assert told(refused) == ["row 2, legal_entity_id: no legal_entities 'main': import those first"]
    assert (done.added, done.again) == (1, False)


def test_a_dry_run_says_what_would_happen_and_does_nothing(db: Database, tmp_path: Path) -> None:
    insert_entity(db)

    done = take(db, tmp_path, "accounts", ACCOUNTS + "a1,One,one@x.example,DE,eur\n", How(dry=True))

    assert (done.added, done.dry) == (1, True)
    assert (fetch(db, catalog.accounts), fetch(db, control.imports)) == ([], [])


def test_a_row_that_is_there_with_other_contents_is_refused_unless_it_may_change(db: Database, tmp_path: Path) -> None:
    insert_account(db, "a1", country="DE", currency="eur")
    content = ACCOUNTS + "a1,New name,new@x.example,DE,eur\n"

    refused = take(db, tmp_path, "accounts", content)
    updated = take(db, tmp_path, "accounts", content, How(update=True))
    other = take(db, tmp_path, "accounts", ACCOUNTS + "a1,New name,new@x.example,DE,usd\n", How(update=True))

    (row,) = fetch(db, catalog.accounts)
    assert told(refused) == ["row 2, email: 'a1' is there with another email, name: use --update, or leave the row out"]
    assert (updated.changed, row["name"], row["email"]) == (1, "New name", "new@x.example")
    assert told(other) == [
        "row 2, currency: 'a1' is there with another currency: it cannot be changed by a file, or leave the row out"
    ]


def test_an_address_is_changed_as_a_whole_and_follows_the_account_to_another_country(
    db: Database, tmp_path: Path
) -> None:
    insert_entity(db)
    header, line = f"{ACCOUNTS.strip()},address_line1,address_line2,address_city\n", "a1,One,one@x.example"
    take(db, tmp_path, "accounts", f"{header}{line},DE,eur,Hauptstr. 1,2. OG,Berlin\n")

    refused = take(db, tmp_path, "accounts", f"{header}{line},DE,eur,Ring 5,,Bonn\n")
    moved = take(db, tmp_path, "accounts", f"{header}{line},DE,eur,Ring 5,,Bonn\n", How(update=True))
    (bonn,) = fetch(db, catalog.accounts)
    abroad = take(db, tmp_path, "accounts", f"{ACCOUNTS}{line},AT,eur\n", How(update=True))
    (austria,) = fetch(db, catalog.accounts)

    assert told(refused) == ["row 2, address: 'a1' is there with another address: use --update, or leave the row out"]
    assert (moved.changed, bonn["address"]) == (1, {"line1": "Ring 5", "city": "Bonn", "country": "DE"})
    assert (abroad.changed, austria["address"]) == (1, {"line1": "Ring 5", "city": "Bonn", "country": "AT"})
    assert take(db, tmp_path, "accounts", f"{header}{line},AT,eur,Ring 5,,Bonn\n").known == 1


def test_a_key_twice_in_a_file_is_refused(db: Database, tmp_path: Path) -> None:
    done = take(db, tmp_path, "plans", "plan_id,name\np1,One\np1,Two\n")

    assert told(done) == ["row 3, plan_id: 'p1' is in row 2 already: keep one"]


@pytest.mark.parametrize("customer", ["cus_1", "cus_2"], ids=["in the books", "in the file"])
def test_two_accounts_cannot_be_one_stripe_customer(db: Database, tmp_path: Path, customer: str) -> None:
    insert_account(db, "old", stripe_customer_id="cus_1")
    rows = "".join(f"a{number},One,one@x.example,DE,eur,{customer}\n" for number in (1, 2))

    with pytest.raises(Broken, match=f"stripe_customer_id {customer} is another row's already"):
        take(db, tmp_path, "accounts", ACCOUNTS.replace("\n", ",stripe_customer_id\n") + rows)


def test_an_open_invoice_older_than_the_day_we_collect_from_is_backlog(db: Database, tmp_path: Path) -> None:
    insert_account(db, "a1", collection_method="net_terms", net_terms_days=14)
    content = (
        "invoice_id,account_id,number,currency,total_minor,tax_minor,open_minor,issued_on,due_on\n"
        "i1,a1,1,usd,1200,200,700,2026-01-31,2026-02-14\ni2,a1,2,usd,500,0,,2026-02-01,2026-02-15\n"
    )

    take(db, tmp_path, "invoices", content, How(collect_from=date(2026, 2, 1)))

    old, young = fetch(db, billing.invoices)
    assert (old["collection_method"], old["state"], old["kind"], old["paid_minor"]) == (
        "backlog",
        "pending",
        "opening",
        500,
    )
    assert (young["collection_method"], young["due_minor"], young["backlog_approved_at"]) == ("net_terms", 500, None)
    assert balances(db) == {"receivable": 1200, "opening_balance": -1200}
    assert findings(db) == []


def test_without_a_day_to_collect_from_every_imported_invoice_waits_for_approval(db: Database, tmp_path: Path) -> None:
    insert_account(db, "a1")
    header = "invoice_id,account_id,number,currency,total_minor,issued_on,due_on\n"
    take(db, tmp_path, "invoices", header + "i1,a1,1,usd,500,2026-03-01,2026-03-01\n")
    store = IntakeStore(db)

    waiting = [row.invoice_id for row in store.backlog(waiting=True)]
    approved = store.approve_backlog(["i1", "i9"], NOW)
    again = store.approve_backlog(["i1"], NOW)

    assert (waiting, approved, again) == (["i1"], ["i1"], [])
    assert store.backlog(waiting=True) == []
    assert [row.backlog_approved_at for row in store.backlog(waiting=False)] == [NOW]


@pytest.mark.parametrize(
    ("tiers", "refused"),
    [
        ("p,1,10\np,2,\n", []),
        ("p,1,10\np,2,10\n", ["row 3, up_to: tier 2 of p overlaps tier 1: let up_to grow with tier_no"]),
        ("p,1,\np,2,10\n", ["row 3, up_to: tier 2 of p overlaps tier 1: let up_to grow with tier_no"]),
        ("p,1,0\n", ["row 2, up_to: 0 is out of bounds: use 1 to 1000000000000000"]),
    ],
)
def test_overlapping_tiers_are_refused(db: Database, tmp_path: Path, tiers: str, refused: list[str]) -> None:
    insert_price(db, "p", scheme="graduated")

    done = take(db, tmp_path, "tiers", "price_id,tier_no,up_to\n" + tiers)

    assert told(done) == refused


def test_usage_of_a_period_that_is_billed_is_refused_and_of_the_one_that_runs_is_taken(
    db: Database, tmp_path: Path
) -> None:
    insert_account(db)
    insert_price(db)
    insert_subscription(db)
    february = datetime(2026, 2, 1, tzinfo=UTC)
    issue_invoices(BillingStore(db), FakeClock(february), through=february.date())
    rows = "u1,s1,calls,5,2026-01-31T23:59:59Z\nu2,s1,calls,5,2026-02-01\n"

    refused = take(db, tmp_path, "usage", f"usage_key,subscription_id,meter,quantity,occurred_at\n{rows}")

    assert told(refused) == [
        "row 2: its period is closed: usage of this subscription counts from 2026-02-01T00:00:00+00:00 on"
    ]


def test_a_coupon_past_its_end_is_refused_with_its_subscription(db: Database, tmp_path: Path) -> None:
    insert_account(db)
    row = {"name": "Old", "kind": "percent", "percent_ppm": 250_000, "duration": "forever"}
    add(db, catalog.coupons, coupon_id="old", redeem_by=datetime(2025, 6, 1, tzinfo=UTC), **row)
    header = "subscription_id,account_id,currency,interval,anchor_on,started_at,coupon_id\n"

    late = take(db, tmp_path, "subscriptions", f"{header}s1,acme,usd,month,2026-01-01,2026-01-01,old\n")
    in_time = take(db, tmp_path, "subscriptions", f"{header}s1,acme,usd,month,2025-01-01,2025-01-01,old\n")

    assert told(late) == [
        "row 2: coupon old could be taken until 2025-06-01T00:00:00+00:00: leave it out, or give another one"
    ]
    assert in_time.added == 1


def test_an_item_must_fit_its_subscription(db: Database, tmp_path: Path) -> None:
    insert_account(db)
    insert_price(db)
    insert_price(db, "eur", currency="eur")
    insert_subscription(db)

    done = take(db, tmp_path, "items", "item_id,subscription_id,price_id,valid_from\ni9,s1,eur,2026-01-01\n")

    assert told(done) == ["row 2: the price has currency eur, its subscription usd: use a price that fits"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"plan_id,name\np,\xff\n", r"line 2: not UTF-8"),
        (b"plan_id,name\np\n", "line 2: 1 cells under 2 columns"),
        (b'plan_id,name\np,"open\n', "line 2: unexpected end of data: check the quotes"),
    ],
)
def test_a_file_that_is_no_csv_is_refused_with_its_line(tmp_path: Path, content: bytes, message: str) -> None:
    file = tmp_path / "file.csv"
    file.write_bytes(content)

    with pytest.raises(Broken, match=message):
        read_sheet(file)


def test_a_file_that_is_not_there_and_a_kind_that_is_not_known_are_named(db: Database, tmp_path: Path) -> None:
    with pytest.raises(Broken, match=r"cannot read .*nowhere.csv: No such file"):
        read_sheet(tmp_path / "nowhere.csv")
    with pytest.raises(Broken, match="cannot import 'dogs': use legal_entities, tax_rates, accounts"):
        take(db, tmp_path, "dogs", "a\n1\n")
