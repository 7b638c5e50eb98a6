"""Whatever happens: never two chargers, one within 25 hours of a boundary, and both sides agree when it is quiet."""

from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing_pipeline.adapters.postgres import Database
from stripe_simulator import Simulator
from tests.clusters import Cluster
from tests.fakes import START
from tests.story.mirror_life import Step, begin

NUMBERS = st.integers(0, 60)
DEEDS = st.one_of(
    st.tuples(st.just("ask"), NUMBERS),
    st.tuples(st.just("edit"), NUMBERS),
    st.tuples(st.sampled_from(["plan", "plan", "give_back", "fault", "crash"]), NUMBERS),
)
WAITS = st.tuples(st.just("pass_days"), st.integers(1, 40))


def stories(steps_max: int) -> st.SearchStrategy[list[Step]]:
    """Deeds with time between them, and time at the end."""
    chapter = st.tuples(st.lists(DEEDS, max_size=3), WAITS).map(lambda told: [*told[0], told[1]])
    return st.lists(chapter, min_size=2, max_size=steps_max).map(lambda told: [step for one in told for step in one])


def live(cluster: Cluster, template: str, story: list[Step], trial: bool) -> None:
    """The story on a database and a Stripe of its own."""
    name = cluster.create(template)
    db = Database(cluster.url(name))
    try:
        life = begin(db, Simulator(seed=7, now=START), trial=trial)
        for step in story:
            life.take(step)
    finally:
        db.close()
        with suppress(Exception):
            cluster.drop(name)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(story=stories(5), trial=st.booleans())
def test_mirror_and_ledger_agree_whatever_happens(
    cluster: Cluster, template: str, story: list[Step], trial: bool
) -> None:
    live(cluster, template, story, trial)


@pytest.mark.soak
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(story=stories(24), trial=st.booleans())
def test_two_years_of_anything_never_have_two_chargers(
    cluster: Cluster, template: str, story: list[Step], trial: bool
) -> None:
    live(cluster, template, story, trial)
