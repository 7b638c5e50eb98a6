"""The comparison's SQL beyond DuckDB: every statement translates to Spark, and Spark finds the same."""

import pytest
import sqlglot
from sqlglot import exp

from billing_pipeline.adapters.comparison import BRIDGES, FINDINGS, PREPARE
from billing_pipeline.adapters.postgres import SQL_FOLDER, raw_statement
from billing_pipeline.adapters.workbench import statements

ALL = (*PREPARE, *FINDINGS, *BRIDGES)
DUCK_ONLY = ("arg_min", "arg_max", "list_", "struct_", "group by all", "qualify", "exclude", "->>")


@pytest.mark.parametrize("name", ALL)
def test_a_comparison_translates_to_spark_without_loss(name: str) -> None:
    text = raw_statement(name)

    (translated,) = sqlglot.transpile(text, read="duckdb", write="spark", unsupported_level=sqlglot.ErrorLevel.RAISE)

    assert sqlglot.parse_one(translated, read="spark") is not None
    assert [word for word in DUCK_ONLY if word in text.lower()] == []


@pytest.mark.parametrize("name", ALL)
def test_a_comparison_is_one_statement_with_its_grain_named(name: str) -> None:
    text = raw_statement(name)

    parsed = [one for one in sqlglot.parse(text, read="duckdb") if one is not None]

    assert len(parsed) == 1
    assert "Grain: one row per" in text.splitlines()[0]


@pytest.mark.parametrize("names", [FINDINGS, BRIDGES], ids=["findings", "crossings"])
def test_statements_that_are_read_together_have_the_same_columns(names: tuple[str, ...]) -> None:
    columns = {
        name: [one.alias_or_name for one in parsed.selects]
        for name in names
        if isinstance(parsed := sqlglot.parse_one(raw_statement(name), read="duckdb"), exp.Query)
    }

    assert len(columns) == len(names)
    assert len({tuple(names) for names in columns.values()}) == 1


def test_no_statement_of_the_warehouse_is_forgotten() -> None:
    on_disk = {*statements("warehouse", "compare_"), *statements("warehouse", "bridge_")} - {"warehouse/compare_cut"}

    assert on_disk == {name for name in ALL if "compare_" in name or "bridge_" in name}
    assert all((SQL_FOLDER / f"{name}.sql").exists() for name in ALL)
