"""The comparison's world: the same refused customers whoever duns them, and cards that pay when their spans say so."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from billing_pipeline.adapters.dunning_policy_file import read_policy
from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.scratch_postgres import PREFIX, scratch_ledgers, sweep
from billing_pipeline.adapters.stores.dunning_history import DunningHistory
from billing_pipeline.adapters.tables import billing
from billing_pipeline.demo.comparison import outcome_of
from billing_pipeline.demo.debtors import notes_of
from billing_pipeline.demo.rival_life import Life, live, opened_life
from billing_pipeline.domain.dunning_baselines import with_retries
from billing_pipeline.domain.dunning_history import Told
from billing_pipeline.domain.dunning_model import CHARGED_DAYS, FIRST_DAY, Model
from billing_pipeline.domain.dunning_policy import Policy
from billing_pipeline.domain.errors import Broken
from tests.clusters import Cluster
from tests.ledger_seeds import findings
from tests.seeds import fetch

POLICIES = Path("policies")
CROWD = 14
SEED = 4


@contextmanager
def lived(cluster: Cluster, template: str, home: Path, policy: Policy, days: int) -> Iterator[Life]:
    """A life of that many days under that policy."""
    name = cluster.create(template)
    with opened_life(cluster.url(name), home, POLICIES, policy, SEED, CROWD) as life:
        live(life, lambda day: None, days)
        yield life
    cluster.drop(name)


def told(life: Life) -> dict[str, Told]:
    """Every refused invoice by its customer."""
    last = FIRST_DAY.replace(day=CHARGED_DAYS)
    return {str(one.case.late.account): one for one in DunningHistory(life.world.db).history(FIRST_DAY, last).told}


@pytest.mark.slow
def test_two_ladders_meet_the_same_customers_and_retries_pay_only_when_the_card_does(
    cluster: Cluster, template: str, tmp_path: Path
):
    policy = read_policy(POLICIES)
    debtors = {one.name: one for one in Model(SEED).debtors(CROWD)}

    with (
        lived(cluster, template, tmp_path, policy, 50) as ours,
        lived(cluster, template, tmp_path, with_retries(policy, ()), 50) as none,
    ):
        ours_told, none_told = told(ours), told(none)
        charges = [one for one in ours.simulator.objects("charge") if one["status"] == "succeeded"]
        paid = {row["invoice_id"] for row in fetch(ours.world.db, billing.invoices, state="paid")}
        sound, outcomes = findings(ours.world.db), [outcome_of(life.world.db) for life in (ours, none)]

    assert {name: (one.case.failed_at, one.case.late.codes.decline) for name, one in ours_told.items()} == {
        name: (one.case.failed_at, one.case.late.codes.decline) for name, one in none_told.items()
    }
    assert set(ours_told) == set(debtors)
    by_retry = [(debtors[name], one.paid_at) for name, one in ours_told.items() if one.by_retry and one.paid_at]
    assert by_retry
    for debtor, at in by_retry:
        came = debtor.new_card_at is not None and debtor.new_card_at <= at
        assert came or any(start <= at < end for start, end in debtor.pays_within)
    assert sorted(one["metadata"]["invoice_id"] for one in charges) == sorted(paid)
    assert sound == []
    assert (outcomes[1].retries, outcomes[0].owed_minor) == (0, outcomes[1].owed_minor)
    assert outcomes[0].recovered_minor > 0


def test_spans_become_notes_that_fit_into_metadata():
    crowd = Model(1).debtors(300)

    notes = [notes_of(one.pays_within) for one in crowd]

    assert max(len(text) for note in notes for text in note.values()) <= 500
    assert {len(note) for note in notes} >= {0, 1}


def test_a_ledger_without_refusals_has_nothing_to_compare(db: Database):
    with pytest.raises(Broken, match="ask for more customers"):
        outcome_of(db)


def test_scratch_ledgers_are_empty_separate_and_gone_afterwards(tmp_path: Path):
    home = tmp_path / "home"

    with scratch_ledgers(home) as another:
        urls = [another(), another()]
        dbs = [Database(url) for url in urls]
        counts = [db.rows("demo/accounts")[0].accounts for db in dbs]
        for db in dbs:
            db.close()

    assert (len(set(urls)), counts) == (2, [0, 0])
    assert list(home.glob(f"{PREFIX}*")) == []


def test_what_a_killed_comparison_left_is_swept_away(tmp_path: Path):
    left = tmp_path / f"{PREFIX}999999"
    left.mkdir()

    sweep(tmp_path)

    assert not left.exists()
