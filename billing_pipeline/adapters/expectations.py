"""Great Expectations suites over small frames. An engine that fails raises: it is never a failed expectation.

great_expectations takes two seconds to import, so it is imported when the first suite runs.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from typing import Any, Final

import pandas as pd

from billing_pipeline.adapters.comparison import set_cut
from billing_pipeline.adapters.reconciliation_parts import Parts, WorldLike, parts_of
from billing_pipeline.adapters.workbench import require
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.reconciliation import CERTIFIED_FOR_DUNNING, Severity
from billing_pipeline.domain.sides import readable

FAILING_ROWS_MAX: Final = 50  # shown in the check; the warehouse has them all
HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Rule:
    """One expectation by the name of its class in great_expectations.expectations, with its arguments."""

    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SuiteResult:
    """How a suite ended. statistics, failing_rows: plain Python values. blocking: dunning waits while it fails."""

    name: str
    success: bool
    blocking: bool
    statistics: dict[str, int]
    failing_rows: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Suite:
    """A frame, and what is expected of it. sentence: what the check promises, for its description."""

    sentence: str
    blocking: bool
    frame: Callable[[Parts, datetime], pd.DataFrame]
    rules: Callable[[Parts], Sequence[Rule]]


def run_suite(name: str, world: WorldLike) -> SuiteResult:
    """How that suite ends now. Raises Broken when the engine failed or the suite is unknown."""
    suite = SUITES.get(name)
    if suite is None:
        raise Broken(f"no suite {name!r}; there are {', '.join(SUITES)}")
    parts = parts_of(world)
    return validate(name, suite.blocking, suite.frame(parts, world.clock.now()), suite.rules(parts))


def validate(name: str, blocking: bool, frame: pd.DataFrame, rules: Sequence[Rule]) -> SuiteResult:
    """The frame held against the rules. Raises Broken when the engine failed on any of them."""
    import great_expectations as gx  # two seconds, so only where a suite runs
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    batch = context.data_sources.add_pandas(name).add_dataframe_asset(name).add_batch_definition_whole_dataframe(name)
    suite = gx.ExpectationSuite(name=name, expectations=[expectation(gx, rule) for rule in rules])
    result: Any = batch.get_batch({"dataframe": frame}).validate(suite, result_format="COMPLETE")
    found = result.to_json_dict()
    refuse_engine_errors(name, found["results"])
    failing = [place for one in found["results"] for place in one["result"].get("unexpected_index_list") or ()]
    rows = [plain_row(frame.loc[place].to_dict()) for place in dict.fromkeys(failing)][:FAILING_ROWS_MAX]
    statistics = {"rows": len(frame), "failing_rows": len(set(failing)), "expectations": len(rules)}
    return SuiteResult(name, bool(found["success"]), blocking, statistics, rows)


def expectation(gx: Any, rule: Rule) -> Any:
    """The rule as an object of great_expectations."""
    return getattr(gx.expectations, rule.name)(**rule.arguments)


def refuse_engine_errors(name: str, results: Sequence[Mapping[str, Any]]) -> None:
    """Nothing. Raises Broken when an expectation could not be evaluated at all."""
    for result in results:
        told = result.get("exception_info") or {}
        for error in [told] if "raised_exception" in told else told.values():
            if error.get("raised_exception"):
                raise Broken(f"suite {name} could not be evaluated: {error.get('exception_message')}")


def plain_row(row: Mapping[Any, Any]) -> dict[str, Any]:
    """A row of a frame in values that JSON knows."""
    return {str(key): plain(value) for key, value in row.items()}


def plain(value: Any) -> Any:
    """A value that JSON knows: numpy's numbers as Python's, moments and the rest as text."""
    if value is None or value is pd.NaT or value != value:  # only not-a-number differs from itself
        return None
    if isinstance(value, bool | int | float | str):
        return value
    return value.item() if hasattr(value, "item") else str(value)


def frame_of(rows: Sequence[Mapping[str, Any]], *columns: str) -> pd.DataFrame:
    """The rows as a frame with those columns, also when there are none. Whole numbers stay whole."""
    return pd.DataFrame({column: pd.Series([row[column] for row in rows], dtype=object) for column in columns})


def open_divergences(parts: Parts, _now: datetime) -> pd.DataFrame:
    """Open divergences, what both sides say in major units."""
    rows = [
        {
            "divergence_id": d.divergence_id, "kind": str(d.kind), "severity": str(d.finding.severity),
            "subject": d.finding.subject, "ours": readable(d.finding.ours, d.finding.currency),
            "theirs": readable(d.finding.theirs, d.finding.currency),
        }
        for d in parts.divergences.divergences()
    ]  # fmt: skip
    return frame_of(rows, "divergence_id", "kind", "severity", "subject", "ours", "theirs")


def remainders(parts: Parts, _now: datetime) -> pd.DataFrame:
    """The unexplained remainder of every bridge, day and currency; 0 where there is none."""
    with parts.workbench.open() as bench:
        require(bench, {"reconciliation.proof_of_close": "run `billing-pipeline reconcile run`"})
        rows = bench.rows("warehouse/remainders")
    return frame_of(rows, "day", "currency", "bridge", "remainder_minor")


def certificates(parts: Parts, now: datetime) -> pd.DataFrame:
    """Age of the newest issued certificate of each object type that dunning needs; none where there is none."""
    certified = parts.divergences.freshness().certified
    rows = [{"object_type": one, "age_minutes": minutes(certified.get(one), now)} for one in CERTIFIED_FOR_DUNNING]
    return frame_of(rows, "object_type", "age_minutes")


def extractions(parts: Parts, now: datetime) -> pd.DataFrame:
    """Age of the last extraction of each side and of the last reconciliation that ended well."""
    freshness, ledger = parts.divergences.freshness(), parts.ledger.lake.last("ledger")
    rows: list[dict[str, Any]] = [
        {"what": "ledger", "age_minutes": minutes(ledger.made_at if ledger else None, now), "error": ""},
        {"what": "stripe", "age_minutes": minutes(parts.stripe.stripe_complete_to(), now), "error": ""},
        {"what": "reconciliation", "age_minutes": minutes(freshness.finished_at, now), "error": freshness.failed or ""},
    ]
    return frame_of(rows, "what", "age_minutes", "error")


def minutes(moment: datetime | None, now: datetime) -> int | None:
    """Whole minutes since then."""
    return None if moment is None else int((now - moment) // timedelta(minutes=1))


def balances(parts: Parts, now: datetime) -> pd.DataFrame:
    """By currency the Stripe balance as the books have it and as Stripe's movements give it, up to the cut-off."""
    with parts.workbench.open() as bench:
        require(bench, {"ledger.postings": "run `billing-pipeline reconcile extract`"})
        complete_to = parts.stripe.stripe_complete_to() or now
        set_cut(bench, parts.policy_file.policy.cut_off(min(now, complete_to)), parts.policy_file.policy, "UTC")
        bench.run("warehouse/prepare_booked")
        rows = bench.rows("warehouse/balances")
    return frame_of(rows, "currency", "ledger_minor", "stripe_minor", "difference_minor")


def unknown_attempts(parts: Parts, now: datetime) -> pd.DataFrame:
    """Calls whose outcome nobody knows, with their age in hours begun: 24 hours and a minute are more than a day."""
    found = parts.divergences.db.rows("reconciliation/unknown_attempts")
    rows = [
        {"attempt": r.idempotency_key, "operation": r.operation, "age_hours": ceil((now - r.started_at) / HOUR)}
        for r in found
    ]
    return frame_of(rows, "attempt", "operation", "age_hours")


def counts_of_kinds(parts: Parts, _now: datetime) -> pd.DataFrame:
    """One row: open divergences by kind, of the kinds that the policy sets bounds for."""
    found: dict[str, int] = {}
    for one in parts.divergences.divergences():
        found[one.kind.value] = found.get(one.kind.value, 0) + 1
    bounded = [kind.value for kind in parts.policy_file.row_counts]
    return frame_of([{kind: found.get(kind, 0) for kind in bounded}], *bounded)


def between(column: str, least: int | None, most: int | None) -> Rule:
    """Every value of the column lies in that range."""
    return Rule("ExpectColumnValuesToBeBetween", {"column": column, "min_value": least, "max_value": most})


def there(column: str) -> Rule:
    """Every row has a value there."""
    return Rule("ExpectColumnValuesToNotBeNull", {"column": column})


def one_of(column: str, values: Sequence[str]) -> Rule:
    """Every value of the column is one of those."""
    return Rule("ExpectColumnValuesToBeInSet", {"column": column, "value_set": list(values)})


SUITES: Final[Mapping[str, Suite]] = {
    "no_error_divergence": Suite(
        "No open divergence is an error.", False, open_divergences,
        lambda _: [one_of("severity", [Severity.WARNING.value, Severity.INFO.value])],
    ),
    "bridges_zero": Suite(
        "Every bridge of every day is zero or explained by named rows.", False, remainders,
        lambda _: [between("remainder_minor", 0, 0)],
    ),
    "certificate_fresh": Suite(
        "Payment intents, refunds and disputes are certified complete, lately.", True, certificates,
        lambda parts: [there("age_minutes"), between("age_minutes", None, parts.policy_file.policy.certificate_minutes)],
    ),
    "extraction_fresh": Suite(
        "Both sides were extracted and compared lately, and the last comparison did not fail.", True, extractions,
        lambda parts: [
            there("age_minutes"), between("age_minutes", None, parts.policy_file.policy.fresh_minutes),
            one_of("error", [""]),
        ],
    ),
    "balances_match": Suite(
        "The Stripe balance in the books is what Stripe's movements sum to.", False, balances,
        lambda _: [between("difference_minor", 0, 0)],
    ),
    "no_unknown_older_than_a_day": Suite(
        "No call's outcome has been unknown for more than a day.", False, unknown_attempts,
        lambda _: [between("age_hours", None, 24)],
    ),
    "row_counts_within_bounds": Suite(
        "Open divergences of each kind are as many as the policy calls ordinary.", False, counts_of_kinds,
        lambda parts: [between(kind.value, *bounds) for kind, bounds in parts.policy_file.row_counts.items()],
    ),
}  # fmt: skip
"""By name of the check. Blocking ones keep dunning waiting; the others alert."""
