"""A PostgreSQL server of our own for whoever has none: found, created, started, stopped.

Any number of processes may call start() at the same time: the first starts the server, the others attach to it. It
outlives the process that started it. It listens on a Unix socket in a private folder and on no network port.
"""

import os
import shlex
import shutil
import signal
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Final
from urllib.parse import quote

import psycopg

from billing_pipeline.adapters import os_processes, postgres_binaries
from billing_pipeline.adapters.home import locked, read_record, write_record
from billing_pipeline.adapters.postgres_binaries import RunAs, run
from billing_pipeline.domain.errors import Broken

RECORD: Final = "postgres.json"
ROOT_PLACE: Final = Path("/var/lib/billing-pipeline")  # where the service user can reach what root starts
START_SECONDS_MAX: Final = 120  # replaying the log after a crash is part of a start
ORPHAN_SECONDS_MAX: Final = 15  # the backends of a killed server leave when they notice; a busy one takes its time
SOCKET_FOLDER_LENGTH_MAX: Final = 80  # the kernel allows about 104 bytes for folder and socket name together
PORT: Final = 5432  # the name of the socket file; said aloud, so that PGPORT in the environment changes nothing
PASSING_TROUBLE: Final = ("is still in use", "lock file", "could not lock")
NO_SETTINGS: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Server:
    """A running server. url: for SQLAlchemy with psycopg. major: of the data folder, such as 18."""

    url: str
    data: Path
    socket_dir: Path
    major: int


@dataclass(frozen=True, slots=True)
class Status:
    """What is there. data: None before the first start. server, pid: None while it is stopped."""

    data: Path | None
    server: Server | None = None
    pid: int | None = None


@dataclass(frozen=True, slots=True)
class _Postmaster:
    pid: int
    socket_dir: Path
    ready: bool


def start(
    home: Path, *, pg_bin: Path | None = None, data: Path | None = None, settings: Mapping[str, str] = NO_SETTINGS
) -> Server:
    """The server of that home, running; created or started first where it is not.

    pg_bin: folder with initdb (BILLING_PG_BIN). data: where a new cluster goes, if not to its usual place. settings:
    postgresql.conf entries, taken up when the server starts. Raises Broken with one line that names the remedy.
    """
    with locked(home) as folder:
        place = _cluster_folder(folder, data)
        postmaster = _settled(place) or _launched(place, pg_bin, settings)
        server = _server(place, postmaster)
        if read_record(folder / RECORD).get("data") != str(place):
            _ensure_database(postmaster.socket_dir)
            write_record(folder / RECORD, {"data": str(place), "url": server.url, "major": server.major})
        return server


def stop(home: Path) -> Status:
    """What is left after the server of that home has stopped; open transactions are rolled back."""
    with locked(home) as folder:
        place = _cluster_folder(folder)
        if postmaster := _postmaster(place):
            os_processes.ask_to_stop(postmaster.pid, signal.SIGINT, lambda: _postmaster(place) is not None)
        return Status(place if place.exists() else None)


def status(home: Path) -> Status:
    """What is there now. Starts nothing and waits for nobody."""
    place = _cluster_folder(home.resolve())
    postmaster = _postmaster(place)
    if not postmaster:
        return Status(place if place.exists() else None)
    return Status(place, _server(place, postmaster), postmaster.pid)


def destroy(home: Path) -> None:
    """Nothing; afterwards the server is stopped and every trace of its cluster is gone, the invoices in it too."""
    stop(home)
    with locked(home) as folder:
        place = _cluster_folder(folder)
        for leftover in (place, *_drafts_of(place), *_socket_folders(place)):
            shutil.rmtree(leftover, ignore_errors=True)
        if place.is_relative_to(ROOT_PLACE):
            shutil.rmtree(place.parent, ignore_errors=True)
        (folder / RECORD).unlink(missing_ok=True)


def _cluster_folder(home: Path, asked: Path | None = None) -> Path:
    """Where the cluster is: in the home, where the home's record says, or where a new one goes."""
    inside, recorded = home / "postgres", read_record(home / RECORD).get("data")
    if inside.exists():
        return inside
    if isinstance(recorded, str) and Path(recorded).exists():
        return Path(recorded)
    if asked:
        return asked
    return ROOT_PLACE / _short_name(home) / "postgres" if os.geteuid() == 0 else inside


def _short_name(path: Path) -> str:
    return sha256(os.fsencode(path)).hexdigest()[:10]


def _drafts_of(data: Path) -> list[Path]:
    return list(data.parent.glob(f"{data.name}.new-*"))


def _postmaster(data: Path) -> _Postmaster | None:
    """The living server of that data folder. None: stopped, killed, or a pid that now means another process."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return None
    except PermissionError as error:
        raise Broken(
            f"{data} belongs to user {data.stat().st_uid}: run as that user, or set BILLING_HOME to another folder"
        ) from error
    if not lines or not os_processes.runs_with(pid := int(lines[0]), str(data)):
        return None
    return _Postmaster(pid, Path(lines[4] if len(lines) > 4 else ""), len(lines) > 7 and lines[7].startswith("ready"))


def _settled(data: Path) -> _Postmaster | None:
    """The server once it answers, or None once it is gone: it may be on its way up or down as we look."""

    def reached() -> bool:
        found = _postmaster(data)
        return found is None or found.ready

    if not os_processes.wait_until(reached, START_SECONDS_MAX):
        raise Broken(f"the server in {data} neither starts nor stops: look at {data / 'server.log'}")
    return _postmaster(data)


def _launched(data: Path, pg_bin: Path | None, settings: Mapping[str, str]) -> _Postmaster:
    """The server, started here and now; its cluster created first where there is none."""
    user = postgres_binaries.run_as(data)
    _make_parent(data)
    binaries = postgres_binaries.within_reach(postgres_binaries.find(pg_bin), user, data.parent)
    if data.exists() and any(data.iterdir()):
        _refuse_unusable(data, binaries, user)
    else:
        _create_cluster(data, binaries, user)
    socket_dir = _socket_folder(data, user)
    _forget_dead_postmaster(data, socket_dir)
    _run_pg_ctl(data, binaries, user, _options(socket_dir, settings))
    postmaster = _settled(data)
    if not postmaster:
        raise Broken(f"PostgreSQL stopped right after its start: look at {data / 'server.log'}")
    return postmaster


def _make_parent(data: Path) -> None:
    """Nothing; afterwards the folder above the cluster is there. As root it is open to the service user."""
    try:
        data.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    except OSError as error:
        raise Broken(f"cannot make {data.parent} ({error.strerror}): set BILLING_DATABASE_URL instead") from error


def _refuse_unusable(data: Path, binaries: Path, user: RunAs) -> None:
    """Nothing, when these binaries can run that cluster. Raises Broken when it is half there or of another major."""
    if not (data / "PG_VERSION").is_file() or not (data / "global" / "pg_control").is_file():
        raise Broken(
            f"{data} is not a whole PostgreSQL data folder: if nothing in it is needed run `make clean`, "
            "else restore it from a backup"
        )
    holds, have = _major_of(data), postgres_binaries.major(binaries, user)
    if holds != have:
        raise Broken(
            f"{data} holds PostgreSQL {holds} data and {binaries} is PostgreSQL {have}: set BILLING_PG_BIN to the "
            f"programs of PostgreSQL {holds}, or move the data over with pg_dump or pg_upgrade"
        )


def _major_of(data: Path) -> int:
    return int((data / "PG_VERSION").read_text().split(".")[0])


def _create_cluster(data: Path, binaries: Path, user: RunAs) -> None:
    """Nothing; afterwards data is a whole cluster. It is made beside and moved there, so it is never half there."""
    for leftover in _drafts_of(data):
        shutil.rmtree(leftover, ignore_errors=True)
    # A name of its own: the initdb of a launcher that was killed may still be writing into the last one.
    draft = Path(tempfile.mkdtemp(prefix=f"{data.name}.new-", dir=data.parent))
    os.chown(draft, user.uid, user.gid)
    made = run(
        user, binaries / "initdb", "-D", draft, "-U", "billing", "-A", "trust", "-E", "UTF8", "--no-locale", "-k"
    )
    if made.returncode:
        raise Broken(f"initdb could not create {data}: {_last_line(made.stderr)}")
    draft.replace(data)


def _last_line(text: str) -> str:
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "it said nothing")


def _forget_dead_postmaster(data: Path, socket_dir: Path) -> None:
    """Nothing; afterwards no lock file names a process that is dead but not collected, or a stranger.

    PostgreSQL itself asks only whether the pid exists, and would refuse to start for as long as it does.
    """
    for lock in (data / "postmaster.pid", socket_dir / f".s.PGSQL.{PORT}.lock"):
        first = lock.read_text().partition("\n")[0] if lock.exists() else ""
        # An empty file is left alone: a server that is just starting has made it and not yet written its pid.
        if first.isdigit() and not os_processes.runs_with(int(first), str(data)):
            lock.unlink()


def _run_pg_ctl(data: Path, binaries: Path, user: RunAs, options: str) -> None:
    """Nothing; afterwards a server is up or on its way.

    Tried again while backends of a killed server still leave, or while the pg_ctl of a killed launcher is at it.
    """
    log = data / "server.log"
    command = (binaries / "pg_ctl", "-D", data, "-w", "-t", str(START_SECONDS_MAX), "-l", log, "-o", options, "start")

    def started_or_hopeless() -> bool:
        before = log.stat().st_size if log.exists() else 0
        if _postmaster(data) or run(user, *command).returncode == 0:
            return True
        said = log.read_bytes()[before:].decode(errors="replace") if log.exists() else ""
        if any(sign in said for sign in PASSING_TROUBLE):
            return False
        raise Broken(f"PostgreSQL did not start: {_reason(said)} (the log is {log})")

    if not os_processes.wait_until(started_or_hopeless, ORPHAN_SECONDS_MAX):
        raise Broken(f"processes of a killed server still use {data}: stop them, then try again")


def _reason(said: str) -> str:
    """The line of a server log that tells why: the first fatal one, else the last."""
    fatal = [line for line in said.splitlines() if "FATAL:" in line]
    return fatal[0].split("FATAL:")[1].strip() if fatal else _last_line(said)


def _options(socket_dir: Path, settings: Mapping[str, str]) -> str:
    """The server's own arguments, quoted for the shell that pg_ctl starts it with."""
    ours = {"timezone": "UTC", "log_timezone": "UTC", "unix_socket_permissions": "0700", "jit": "off"}
    words = ["-h", "", "-p", str(PORT), "-k", str(socket_dir)]
    for name, value in (ours | dict(settings)).items():
        words += ["-c", f"{name}={value}"]
    return shlex.join(words)


def _socket_folders(data: Path) -> tuple[Path, Path]:
    """Both places the socket may be in: beside the data, or in the temp folder when that path is too long."""
    return data.parent / "run", Path(tempfile.gettempdir()) / f"bp-{_short_name(data)}"


def _socket_folder(data: Path, user: RunAs) -> Path:
    """The folder for the socket: made, private, and the server's own. Raises Broken when a stranger holds its name."""
    beside, temporary = _socket_folders(data)
    folder = beside if len(os.fsencode(beside)) <= SOCKET_FOLDER_LENGTH_MAX else temporary
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if found.st_uid not in {user.uid, os.geteuid()} or folder.is_symlink():
        raise Broken(f"{folder} belongs to user {found.st_uid}, not to us: remove it, or set TMPDIR to another folder")
    os.chown(folder, user.uid, user.gid)
    folder.chmod(0o700)
    return folder


def _server(data: Path, postmaster: _Postmaster) -> Server:
    url = f"postgresql+psycopg://billing@/billing?host={quote(str(postmaster.socket_dir))}&port={PORT}"
    return Server(url, data, postmaster.socket_dir, _major_of(data))


def _ensure_database(socket_dir: Path) -> None:
    """Nothing; afterwards the server has the database `billing`."""
    with psycopg.connect(host=str(socket_dir), port=PORT, user="billing", dbname="postgres", autocommit=True) as db:
        if not db.execute("select 1 from pg_database where datname = 'billing'").fetchone():
            db.execute("create database billing")
