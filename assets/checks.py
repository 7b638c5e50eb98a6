"""Great Expectations suites as asset checks. What only alerts shows in the UI; what blocks keeps dunning waiting.

An engine that fails is an error of the step, never a failed expectation.
"""

from collections.abc import Iterator

import dagster as dg

from assets.reconciliation import divergences, stripe_extract
from assets.summaries import metadata_of
from billing_pipeline.adapters.expectations import SUITES, SuiteResult, run_suite
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
    """Each suite as it ends now."""
    with billing.world() as world:
        for spec in wanted:
            yield shown(spec, run_suite(spec.name, world))


def shown(spec: dg.AssetCheckSpec, result: SuiteResult) -> dg.AssetCheckResult:
    """The result with its statistics and the rows that failed."""
    rows = result.failing_rows[:ROWS_SHOWN]
    severity = dg.AssetCheckSeverity.ERROR if result.blocking else dg.AssetCheckSeverity.WARN
    metadata = metadata_of(result.statistics)
    if rows:
        names = list(rows[0])
        lines = ["| " + " | ".join(str(row.get(name, "")) for name in names) + " |" for row in rows]
        head = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
        metadata["failing rows"] = dg.MetadataValue.md("\n".join(head + lines))
        metadata["first failing row"] = dg.MetadataValue.text(", ".join(f"{name}: {rows[0][name]}" for name in names))
    return dg.AssetCheckResult(
        passed=result.success, check_name=spec.name, asset_key=spec.asset_key, severity=severity, metadata=metadata
    )


@dg.multi_asset_check(specs=specs(extracts=True))
def extract_checks(billing: BillingResource) -> Iterator[dg.AssetCheckResult]:
    """Whether Stripe's side is complete."""
    yield from outcomes(billing, specs(extracts=True))


@dg.multi_asset_check(specs=specs(extracts=False))
def reconciliation_checks(billing: BillingResource) -> Iterator[dg.AssetCheckResult]:
    """Whether both sides agree, and whether anybody looked lately."""
    yield from outcomes(billing, specs(extracts=False))
