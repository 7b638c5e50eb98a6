"""Whatever is wrong from outside: one line that says what and what to do, exit code 2, no traceback."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from billing_pipeline import cli
from billing_pipeline.adapters import embedded_postgres
from billing_pipeline.web.page_texts import texts
from tests.commands.cli import Said, environment, run
from tests.forked import as_ordinary_user, ordinary_user

cli.load(["db"])  # before a test becomes a user who may not read where Python lies


def one_line(said: Said, *expected: str) -> bool:
    """Whether the command ended as it should on bad input, and its line holds all that is expected."""
    assert (said.code, len(said.complaint)) == (2, 1), said
    assert said.complaint[0].startswith("billing-pipeline: ")
    return all(part in said.complaint[0] for part in expected)


def spoiled(home: str, name: str, text: str | None) -> Path:
    """The data folder of a stopped database of which one file is gone or says something else."""
    data = embedded_postgres.start(Path(home)).data
    embedded_postgres.stop(Path(home))
    (data / name).unlink() if text is None else (data / name).write_text(text)
    return data


@pytest.mark.parametrize(
    ("key", "expected"),
    [("hello", "is malformed"), ("pk_test_a", "publishable"), ("sk_live_a", "set BILLING_LIVE=1")],
)
def test_a_wrong_key_is_refused(home, key, expected):
    said = run("db", "start", BILLING_HOME=home, STRIPE_SECRET_KEY=key)

    assert one_line(said, "STRIPE_SECRET_KEY", expected)
    assert not Path(home).exists()


def test_a_half_made_data_folder_is_named(home):
    data = spoiled(home, "global/pg_control", None)

    said = run("db", "start", BILLING_HOME=home)

    assert one_line(said, str(data), "not a whole PostgreSQL data folder", "make clean")


def test_a_database_of_a_newer_version_is_named(home):
    data = spoiled(home, "PG_VERSION", "99\n")

    said = run("db", "start", BILLING_HOME=home)

    assert one_line(said, str(data), "holds PostgreSQL 99", "BILLING_PG_BIN")


def test_a_folder_without_a_server_is_named(home, tmp_path):
    said = run("db", "start", BILLING_HOME=home, BILLING_PG_BIN=str(tmp_path))

    assert one_line(said, f"BILLING_PG_BIN={tmp_path}", "holds no initdb")


@pytest.mark.parametrize("words", [("simulator", "serve"), ("web", "serve"), ("ui",)])
def test_a_port_that_is_taken_is_named(home, words):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        said = run(*words, "--port", str(port), BILLING_HOME=home)

    assert one_line(said, f"127.0.0.1:{port}", "in use", "--port")


def test_an_address_that_is_not_of_this_machine_is_named(home):
    said = run("web", "serve", "--host", "192.0.2.1", "--port", "8123", BILLING_HOME=home)

    assert one_line(said, "192.0.2.1:8123", "--host")
    assert not Path(home).exists()


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01"])
def test_a_day_of_no_year_of_ours_is_refused(home, day):
    said = run("bill", "issue", "--day", day, BILLING_HOME=home)

    assert (said.code, said.text) == (2, "")
    assert any("between 1970 and 2199" in line for line in said.complaint)


def test_a_port_that_does_not_exist_is_named(home):
    assert one_line(run("simulator", "serve", "--port", "70000", BILLING_HOME=home), "70000", "--port")


def test_a_home_that_may_not_be_written_is_named():
    closed = Path(f"/tmp/billing-closed-{os.getpid()}")
    closed.mkdir(mode=0o555)

    def in_process() -> tuple[int, list[str]]:
        # The child cannot start another interpreter when that one lies in root's own folder, so main() is called here.
        import contextlib
        import io

        os.environ |= environment({"BILLING_HOME": str(closed / ".billing")})
        said = io.StringIO()
        with contextlib.redirect_stderr(said):
            try:
                cli.main(["db", "start"])
            except SystemExit as end:
                return int(end.code or 0), said.getvalue().splitlines()
        return 0, said.getvalue().splitlines()

    try:
        code, complaint = as_ordinary_user(in_process)
    finally:
        closed.rmdir()

    assert ordinary_user().pw_uid != 0
    assert one_line(Said(code, "", complaint), str(closed / ".billing"), "Permission denied", "BILLING_HOME")


def test_letters_and_pages_are_read_as_they_were_written_in_any_locale(home):
    ascii_only = {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "LC_ALL": "C"}
    words = "from billing_pipeline.web.page_texts import texts; print(ascii(texts('ja')['title']))"
    page = subprocess.run(
        [sys.executable, "-c", words], env=os.environ | ascii_only, capture_output=True, text=True, check=False
    )

    checked = run("dunning", "check", BILLING_HOME=home, **ascii_only)

    assert (checked.code, checked.complaint) == (0, [])
    assert (page.returncode, page.stdout.strip()) == (0, ascii(texts("ja")["title"]))


def test_a_simulator_that_does_not_run_is_named(home):
    assert one_line(run("simulator", "status", BILLING_HOME=home), "no simulator runs for", "billing-pipeline demo")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("advance",), "--to MOMENT or --seconds N"),
        (("advance", "--to", "tomorrow"), "'tomorrow' is no moment"),
        (("fault", "drop_after", "nth"), "write name=value"),
        (("status", "--address", "http://127.0.0.1:9"), "http://127.0.0.1:9"),
    ],
)
def test_what_the_simulator_cannot_be_asked_is_named(home, words, expected):
    address = () if "--address" in words else ("--address", "http://127.0.0.1:9")

    assert one_line(run("simulator", *words, *address, BILLING_HOME=home), expected)
