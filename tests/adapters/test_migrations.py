"""What a migration makes of the rows that are there."""

from alembic import command
from sqlalchemy import text

from billing_pipeline.adapters.postgres import Database, alembic_config
from billing_pipeline.adapters.tables.billing import subscriptions
from billing_pipeline.adapters.tables.catalog import accounts
from tests.seeds import change, fetch, insert_account, insert_price, insert_subscription


def test_a_trial_that_needed_a_card_is_one_that_pauses_without_it_and_back(db: Database, database_url: str) -> None:
    insert_account(db)
    insert_price(db)
    for name, choice in (("s1", "pause"), ("s2", "cancel"), ("s3", "create_invoice")):
        insert_subscription(db, name)
        change(db, subscriptions, name, trial_without_card=choice)

    command.downgrade(alembic_config(database_url), "0001")
    with db.transaction() as connection:
        needed = connection.execute(text("select subscription_id from subscriptions where trial_needs_card")).scalars()
        cards = sorted(needed)
    command.upgrade(alembic_config(database_url), "head")

    assert cards == ["s1", "s2"]
    assert [row["trial_without_card"] for row in fetch(db, subscriptions)] == ["pause", "pause", "create_invoice"]


def test_numbering_an_account_moved_its_watermark_before_and_does_no_more(db: Database, database_url: str) -> None:
    insert_account(db)

    command.downgrade(alembic_config(database_url), "0003")
    before = numbering_moves_the_watermark(db)
    command.upgrade(alembic_config(database_url), "head")
    since = numbering_moves_the_watermark(db)

    assert (before, since) == (True, False)


def numbering_moves_the_watermark(db: Database) -> bool:
    (account,) = fetch(db, accounts)
    change(db, accounts, "acme", next_invoice_number=account["next_invoice_number"] + 1)
    return bool(fetch(db, accounts)[0]["tx"] != account["tx"])
