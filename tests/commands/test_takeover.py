"""The take-over commands as a person runs them: what they say, and what they refuse."""

import json

from tests.commands.cli import run


def test_a_world_without_subscriptions_is_in_step(home: str) -> None:
    synced = run("takeover", "sync", "--json", BILLING_HOME=home)
    rehearsed = run("takeover", "rehearse", BILLING_HOME=home)
    plans = run("takeover", "plans", "--json", BILLING_HOME=home)
    unchosen = run("takeover", "plan", "--by", "ann", BILLING_HOME=home)
    mistyped = run("takeover", "rehearse", "nobody", BILLING_HOME=home)
    segment = run("takeover", "plan", "--segment", "everybody", "--by", "ann", BILLING_HOME=home)
    undecided = run("takeover", "accept", "7", "--by", "ann", BILLING_HOME=home)

    assert (synced.code, json.loads(synced.text)["mirrors"]["created"]) == (0, 0)
    assert (rehearsed.code, "0 of 0 ready" in rehearsed.text) == (0, True)
    assert json.loads(plans.text) == []
    assert (unchosen.code, "handing over is never the default" in unchosen.complaint[0]) == (2, True)
    assert (mistyped.code, "nobody: no living subscription" in mistyped.complaint[0]) == (2, True)
    assert (segment.code, "no segment everybody: use business or consumer" in segment.complaint[0]) == (2, True)
    assert (undecided.code, "no open proposal 7" in undecided.complaint[0]) == (2, True)


def test_a_wrong_policy_stops_the_sync_with_one_line(home: str, tmp_path) -> None:
    (tmp_path / "subscriptions.toml").write_text("[changed_in_stripe]\nprice = 'perhaps'\n")

    said = run("takeover", "sync", BILLING_HOME=home, BILLING_POLICIES=str(tmp_path))

    assert (said.code, len(said.complaint)) == (2, 1)
    assert "'perhaps' is none of apply, propose, revert" in said.complaint[0]
