"""SQL lives in files: one statement each, with a header that says what comes back, what goes in and what comes out."""

import ast
import re
from dataclasses import fields
from importlib import import_module
from pathlib import Path

from tests.architecture.source import ROOT, modules, told

FOLDER = ROOT / "billing_pipeline" / "adapters" / "sql"
INLINE = re.compile(
    r"^\s*(select\s.+\sfrom\s|insert\s+into\s|update\s+\w+\s+set\s|delete\s+from\s|merge\s+into\s)", re.I | re.S
)
# A look at the server itself, before there is a schema, is one line long and belongs to the launcher.
INLINE_ALLOWED = {"billing_pipeline.adapters.embedded_postgres"}
PLACEHOLDER = re.compile(r"(?<![:\w]):([a-z_]+)|%\(([a-z_]+)\)s")


def files() -> list[Path]:
    return sorted(FOLDER.rglob("*.sql"))


def header(text: str) -> str:
    lines = text.splitlines()
    end = next((n for n, line in enumerate(lines) if not line.startswith("--")), len(lines))
    return "\n".join(lines[:end])


def body(text: str) -> str:
    return re.sub(r"--[^\n]*", "", text)


def statements(text: str) -> int:
    """How many statements; semicolons inside quotes and dollar quotes left out."""
    bare = re.sub(r"\$(\w*)\$.*?\$\1\$|'[^']*'", "", body(text), flags=re.S)
    return len([part for part in bare.split(";") if part.strip()])


def placeholders(text: str) -> set[str]:
    return {a or b for a, b in PLACEHOLDER.findall(re.sub(r"'[^']*'", "", body(text)))}


def columns_of_records(text: str) -> set[str]:
    """The fields of every record that a header names, as in `the columns of flows.ports.inbox.DisputeRow`."""
    names = re.findall(r"\b(flows(?:\.\w+)+)\.([A-Z]\w+)", text)
    records = [getattr(import_module(f"billing_pipeline.{module}"), record, None) for module, record in names]
    return {field.name for record in records if record for field in fields(record)}


def test_every_file_says_what_goes_in_and_what_comes_out():
    missing = [
        str(path.relative_to(FOLDER))
        for path in files()
        if not re.search(r"^-- \S.*", header(path.read_text()))
        or not re.search(r"\b(in|out):", header(path.read_text()))
    ]

    assert not missing, told(missing)


def test_every_parameter_is_named_in_the_header():
    missing = [
        f"{path.relative_to(FOLDER)}: {name}"
        for path in files()
        for name in sorted(placeholders(path.read_text()) - columns_of_records(header(path.read_text())))
        if not re.search(rf"\b{name}\b", header(path.read_text()))
    ]

    assert not missing, told(missing)


def test_no_comment_holds_a_colon_name_that_would_be_bound():
    found = [
        f"{path.relative_to(FOLDER)}: {line}"
        for path in files()
        for line in path.read_text().splitlines()
        if re.search(r"(?<![:\w]):[a-z_]", line.partition("--")[2])
    ]

    assert not found, told(found)


def test_every_file_holds_one_statement():
    found = {str(path.relative_to(FOLDER)): n for path in files() if (n := statements(path.read_text())) != 1}

    assert found == {}


def written_out(tree: ast.Module) -> list[ast.Constant]:
    """Every text in the code, without f-strings: a statement on a table whose name varies cannot be a file."""
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts
    ]


def test_no_statement_hides_in_python():
    found = [
        f"{module.shown}:{node.lineno} {node.value.strip()[:60]}"
        for module in modules("billing_pipeline", "assets", "sensors", "resources")
        if ".migrations" not in module.name and module.name not in INLINE_ALLOWED
        for node in written_out(module.tree)
        if INLINE.search(node.value)
    ]

    assert not found, told(found)


def test_the_rules_see_what_they_are_for():
    comment = "-- Open invoices.\n-- in: today date    out: invoice_id text\n"
    good = comment + "select a::text from t where d < :today and x <> ';'\n"

    assert statements(good) == 1
    assert statements("select 1; select 2") == 2
    assert placeholders(good) == {"today"}
    assert placeholders("select %(a)s, b::jsonb, :c") == {"a", "c"}
    assert header(good).count("\n") == 1
    assert INLINE.search("select a\nfrom b")
    assert not INLINE.search("select one of these from the list".replace(" from ", " of "))
