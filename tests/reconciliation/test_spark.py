"""The comparison on Spark: the same statements, translated, over the same tables, find the same."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import sqlglot
from sqlglot import exp

from billing_pipeline.adapters.comparison import FINDINGS, PREPARE, set_cut
from billing_pipeline.adapters.postgres import Database, raw_statement
from tests.reconciliation.faults import FAULTS
from tests.two_books import TwoBooks, agreed

CLUSTER = "local-cluster[2,1,1024]"  # a master and two workers of one core and 1 GB, each a process of its own
ENVIRONMENT = {"SPARK_LOCAL_IP": "127.0.0.1", "TZ": "UTC"}


@pytest.fixture
def spark() -> Any:
    """A small cluster on this machine."""
    if shutil.which("java") is None:
        pytest.skip("no java on PATH: Spark needs it")
    sql = pytest.importorskip("pyspark.sql", reason="the optional extra `spark` is not installed")
    os.environ.update(ENVIRONMENT)
    options = {
        "spark.sql.session.timeZone": "UTC", "spark.sql.shuffle.partitions": "2", "spark.ui.enabled": "false",
        "spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1",
        "spark.sql.adaptive.enabled": "false", "spark.sql.codegen.wholeStage": "false",  # compiling costs more than rows
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    }  # fmt: skip
    session = sql.SparkSession.builder.master(CLUSTER).config(map=options).getOrCreate()
    yield session
    session.stop()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_spark_finds_what_duckdb_finds(db: Database, tmp_path: Path, spark: Any) -> None:
    books = agreed(db, tmp_path)
    for n, fault in enumerate(FAULTS.values()):
        fault(books, f"m{n}")
    expected = [one for one in books.found() if not one[1].startswith("bridge:")]
    hand_over(books, spark, tmp_path)

    for name in PREPARE:
        spark.sql(in_spark(name)).createOrReplaceTempView(made_by(name))
    found = [(row["kind"], row["subject"]) for name in FINDINGS for row in spark.sql(in_spark(name)).collect()]

    assert sorted(found) == expected


def hand_over(books: TwoBooks, spark: Any, folder: Path) -> None:
    """Every table of the working file, and the cut, as a view of Spark."""
    with books.workbench.open() as bench:
        set_cut(bench, books.policy.cut_off(books.clock.now()), books.policy, books.zone)
        for table in [*sorted(bench.tables()), "cut"]:
            file = folder / f"{table}.parquet"
            bench.connection.execute(f"copy (select * from {table}) to '{file}' (format parquet)")
            spark.read.parquet(str(file)).createOrReplaceTempView(table.replace(".", "_"))


def made_by(name: str) -> str:
    """The table that the statement makes."""
    (made,) = [one.this.name for one in sqlglot.parse_one(raw_statement(name), read="duckdb").find_all(exp.Create)]
    return str(made)


def in_spark(name: str) -> str:
    """The query of the statement in Spark's words; tables named schema_table, made tables left to the caller."""
    parsed = sqlglot.parse_one(raw_statement(name), read="duckdb")
    query = parsed.expression if isinstance(parsed, exp.Create) else parsed
    for table in query.find_all(exp.Table):
        if table.db:
            table.replace(exp.to_table(f"{table.db}_{table.name}", alias=table.alias or None))
    return query.sql("spark")
