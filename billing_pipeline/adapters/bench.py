"""An open DuckDB working file, and its statements by name."""

from dataclasses import dataclass
from typing import Any

import duckdb

from billing_pipeline.adapters.postgres import raw_statement


@dataclass(frozen=True, slots=True)
class Bench:
    """An open working file. Statements are named as their files in adapters/sql."""

    connection: duckdb.DuckDBPyConnection

    def run(self, name: str, /, **parameters: Any) -> None:
        """Run the named statement."""
        self.connection.execute(raw_statement(name), parameters or None)

    def rows(self, name: str, /, **parameters: Any) -> list[dict[str, Any]]:
        """All rows of the named statement."""
        cursor = self.connection.execute(raw_statement(name), parameters or None)
        columns = [column[0] for column in cursor.description or ()]
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]

    def columns(self) -> dict[str, dict[str, str]]:
        """Type by column of every table, tables named with their schema."""
        found: dict[str, dict[str, str]] = {}
        for row in self.rows("warehouse/columns"):
            found.setdefault(f"{row['schema_name']}.{row['table_name']}", {})[row["column_name"]] = row["data_type"]
        return found

    def tables(self) -> set[str]:
        """All tables, each named with its schema."""
        return {f"{row['schema_name']}.{row['table_name']}" for row in self.rows("warehouse/tables")}
