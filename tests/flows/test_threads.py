"""As many calls at a time as the limit in force asks for."""

import pytest

from billing_pipeline.flows.collect_payments import threads_for


@pytest.mark.parametrize(("limit", "threads"), [(1, 16), (25, 16), (100, 34), (10_000, 64)])
def test_a_higher_limit_gets_more_threads_within_bounds(limit: int, threads: int) -> None:
    assert threads_for(limit) == threads
