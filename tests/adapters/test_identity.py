"""The identity lock: one database, one Stripe account, one mode, one place."""

import pytest
from sqlalchemy import text

from billing_pipeline.adapters.identity import StripeIdentity, bind, check_identity
from billing_pipeline.adapters.postgres import Database
from billing_pipeline.domain.errors import Broken
from tests.clusters import Cluster
from tests.seeds import START

OURS = StripeIdentity("acct_ours", livemode=False)


def test_the_first_contact_binds_and_the_same_account_is_let_in_again(db: Database) -> None:
    check_identity(db, OURS, START)

    check_identity(db, OURS, START)

    assert epoch(db) == 1


@pytest.mark.parametrize(
    "other", [StripeIdentity("acct_theirs", livemode=False), StripeIdentity("acct_ours", livemode=True)]
)
def test_another_account_or_mode_is_refused_by_name(db: Database, other: StripeIdentity) -> None:
    check_identity(db, OURS, START)

    with pytest.raises(Broken, match=r"belongs to Stripe account acct_ours \(test\)") as raised:
        check_identity(db, other, START)

    assert str(other) in str(raised.value)


def test_a_copy_of_the_database_moves_no_money_until_it_is_adopted(db: Database, cluster: Cluster) -> None:
    check_identity(db, OURS, START)
    db.close()
    name = cluster.create(db.url.database or "")
    copy = Database(cluster.url(name))
    try:
        with pytest.raises(Broken, match="a copy or a restore"):
            check_identity(copy, OURS, START)

        bind(copy, OURS, START, "moved to the new server")

        check_identity(copy, OURS, START)
        assert epoch(copy) == 2
    finally:
        copy.close()
        cluster.drop(name)


def epoch(db: Database) -> int:
    with db.transaction() as connection:
        return int(connection.execute(text("select epoch from identity_lock")).scalar_one())
