"""Great Expectations suites as asset checks. What only alerts shows in the UI; what blocks keeps dunning waiting.

An engine that fails is an error of the step, never a failed expectation.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg

from assets.reconciliation import divergences, stripe_extract
from assets.summaries import amount, metadata_of
from billing_pipeline.adapters.expectations import SUITES, SuiteResult, run_suite
from billing_pipeline.domain.errors import Broken
from resources import BillingResource

ROWS_SHOWN = 20
ON_EXTRACTS = ("certificate_fresh",)


def specs(*, extracts: bool) -> list[dg.AssetCheckSpec]:
    """The checks on Stripe's extract (true) or on the divergences."""
    asset = stripe_extract.key if extracts else divergences.key
    return [
        dg.AssetCheckSpec(name, asset=asset, description=suite.sentence, blocking=suite.blocking)
        for name, suite in SUITES.items()
        if (name in ON_EXTRACTS) == extracts
    ]


def outcomes(billing: BillingResource, wanted: list[dg.AssetCheckSpec]) -> Iterator[dg.AssetCheckResult]:
    """Each suite as it ends now. Raises Broken at the end, when all others are told, for those that could not be evaluated."""
    failed: dict[str, Exception] = {}
    with billing.world() as world:
        for spec in wanted:
            try:
                yield shown(spec, run_suite(spec.name, world))
            except Exception as error:  # whatever it was: it must not hide what the others say
                failed[spec.name] = error
    if failed:
        told = "; ".join(f"{name}: {error}" for name, error in failed.items())
        raise Broken(f"checks that could not be evaluated: {told}") from next(iter(failed.values()))


def shown(spec: dg.AssetCheckSpec, result: SuiteResult) -> dg.AssetCheckResult:
    """The result with its statistics and the rows that failed."""
    rows = result.failing_rows[:ROWS_SHOWN]
    severity = dg.AssetCheckSeverity.ERROR if result.blocking else dg.AssetCheckSeverity.WARN
    metadata = metadata_of(result.statistics)
    if rows:
        names = {column: column.removesuffix("_minor") for column in rows[0]}
        lines = ["| " + " | ".join(cell(column, row) for column in names) + " |" for row in rows]
        head = ["| " + " | ".join(names.values()) + " |", "|" + "---|" * len(names)]
        metadata["failing rows"] = dg.MetadataValue.md("\n".join(head + lines))
        first = ", ".join(f"{name}: {cell(column, rows[0])}" for column, name in names.items())
        metadata["first failing row"] = dg.MetadataValue.text(first)
    return dg.AssetCheckResult(
        passed=result.success, check_name=spec.name, asset_key=spec.asset_key, severity=severity, metadata=metadata
    )


def cell(column: str, row: Mapping[str, Any]) -> str:
    """What stands there for people: an amount in major units with its currency, 'none' for nothing."""
    value = row[column]
    if value is None:
        return "none"
    if column.endswith("_minor"):
        return amount(row["currency"], value)
    return str(value).replace("|", "/")  # a bar would end the cell


@dg.multi_asset_check(specs=specs(extracts=True))
def extract_checks(billing: BillingResource) -> Iterator[dg.AssetCheckResult]:
    """Whether Stripe's side is complete."""
    yield from outcomes(billing, specs(extracts=True))


@dg.multi_asset_check(specs=specs(extracts=False))
def reconciliation_checks(billing: BillingResource) -> Iterator[dg.AssetCheckResult]:
    """Whether both sides agree, and whether anybody looked lately."""
    yield from outcomes(billing, specs(extracts=False))
