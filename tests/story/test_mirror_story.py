"""Whatever happens: never two chargers, one within 25 hours of a boundary, and both sides agree when it is quiet."""

from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing_pipeline.adapters.postgres import Database
from stripe_simulator import Simulator
from tests.clusters import Cluster
from tests.fakes import START
from tests.story.mirror_life import Step, begin, chargers

NUMBERS = st.integers(0, 60)
DEEDS = st.one_of(
    st.tuples(st.just("ask"), NUMBERS),
    st.tuples(st.just("edit"), NUMBERS),
    st.tuples(st.sampled_from(["plan", "plan", "give_back", "fault", "crash"]), NUMBERS),
    st.tuples(st.sampled_from(["decide", "grant", "card", "judge"]), NUMBERS),
)
WAITS = st.tuples(st.just("pass_days"), st.integers(1, 40))
TWO_YEARS = timedelta(days=730)
MONTH = 30  # days: whoever tells no more deeds still lets time pass in steps that a failure can name


def stories(steps_max: int) -> st.SearchStrategy[list[Step]]:
    """Deeds with time between them, and time at the end."""
    chapter = st.tuples(st.lists(DEEDS, max_size=3), WAITS).map(lambda told: [*told[0], told[1]])
    return st.lists(chapter, min_size=2, max_size=steps_max).map(lambda told: [step for one in told for step in one])


# long because each part of the world is named
def live(cluster: Cluster, template: str, story: list[Step], trial: bool, lasts: timedelta = timedelta()) -> set[str]:
    """Who charged in the story, told on a database and a Stripe of its own, for at least that long."""
    name = cluster.create(template)
    db = Database(cluster.url(name))
    try:
        life = begin(db, Simulator(seed=7, now=START), trial=trial)
        for step in story:
            life.take(step)
        while life.desk.clock.now() < START + lasts:
            life.take(("pass_days", MONTH))
        return chargers(life)
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
@given(story=stories(40), trial=st.booleans())
def test_two_years_of_anything_never_have_two_chargers(
    cluster: Cluster, template: str, story: list[Step], trial: bool
) -> None:
    live(cluster, template, story, trial, TWO_YEARS)


def test_the_story_can_tell_everything(cluster: Cluster, template: str) -> None:
    plot = [("grant", 3), ("plan", 0), ("fault", 3), ("pass_days", 40), ("ask", 0), ("pass_days", 30), ("card", 0),
            ("pass_days", 30), ("judge", 1), ("card", 1), ("edit", 1), ("crash", 1), ("give_back", 0), ("pass_days", 40),
            ("edit", 3), ("decide", 0), ("pass_days", 20), ("edit", 13), ("ask", 2), ("pass_days", 40)]  # fmt: skip

    charged = live(cluster, template, plot, trial=True)

    assert charged == {"engine", "stripe"}
