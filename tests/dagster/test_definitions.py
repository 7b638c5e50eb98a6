"""What Dagster loads: complete, described, owned, on time and stopped where money would move by itself."""

import dagster as dg
import pytest
from dagster._daemon.sensor import MIN_INTERVAL_LOOP_TIME

from billing_pipeline.adapters.expectations import SUITES
from billing_pipeline.definitions import defs

GROUPS = {"accounts", "billing", "subscriptions", "collection", "events", "reconciliation", "dunning", "warehouse"}
SPECS = sorted(defs.resolve_all_asset_specs(), key=lambda spec: spec.key.to_user_string())


def test_all_definitions_load() -> None:
    dg.Definitions.validate_loadable(defs)

    assert len(SPECS) == 20


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.key.to_user_string())
def test_every_asset_says_what_it_is_whose_it_is_and_where_it_belongs(spec: dg.AssetSpec) -> None:
    assert spec.description
    assert len(spec.description) > 40
    assert spec.group_name in GROUPS
    assert spec.owners
    assert spec.kinds


def test_billing_and_closing_are_partitioned_by_day() -> None:
    daily = {spec.key.to_user_string() for spec in SPECS if spec.partitions_def}

    assert daily == {"invoices", "recognised_revenue", "proof_of_close"}


def test_dunning_comes_after_the_checks_that_block_it() -> None:
    graph = defs.resolve_asset_graph()
    plan = graph.get(dg.AssetKey("dunning_plan"))

    blocking = {name for name, suite in SUITES.items() if suite.blocking}
    checked = {key.asset_key for key in graph.asset_check_keys if key.name in blocking}

    assert blocking == {"certificate_fresh", "extraction_fresh"}
    assert checked <= set(plan.parent_keys)


def test_every_suite_is_a_check() -> None:
    names = {key.name for key in defs.resolve_asset_graph().asset_check_keys}

    assert names == set(SUITES)


def test_what_pushes_to_stripe_shares_one_pool() -> None:
    pushing = {
        "stripe_customers",
        "stripe_subscriptions",
        "payment_intents",
        "dunning_actions",
        "stripe_extract",
        "stripe_events",
    }
    graph = defs.resolve_asset_graph()

    pools = {name: graph.get(dg.AssetKey(name)).pools for name in pushing}

    assert all(found == {"stripe"} for found in pools.values()), pools


def test_a_new_account_and_a_new_card_do_not_wait_for_the_morning() -> None:
    job = defs.resolve_job_def("collection_round")

    made = {key.to_user_string() for key in job.asset_layer.executable_asset_keys}

    assert made == {"stripe_customers", "payment_methods", "payment_intents"}


def test_every_schedule_has_a_zone_and_a_job_and_every_sensor_a_description() -> None:
    repository = defs.get_repository_def()

    assert len(repository.schedule_defs) == 7
    assert all(schedule.execution_timezone for schedule in repository.schedule_defs)
    assert {sensor.name for sensor in repository.sensor_defs} >= {
        "stripe_events_poll",
        "webhook_inbox",
        "unknown_outcomes",
        "divergence_alert",
        "run_failure_alert",
    }


def test_what_drains_the_inbox_is_due_again_at_every_look_of_the_daemon() -> None:
    sensors = {sensor.name: sensor for sensor in defs.get_repository_def().sensor_defs}

    waits = [sensors[name].minimum_interval_seconds or 0 for name in ("webhook_inbox", "stripe_events_poll")]

    assert waits == [MIN_INTERVAL_LOOP_TIME - 1, 299]
