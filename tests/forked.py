"""Work done in a forked child, as another user where we are root: the child has every module already loaded."""

import os
import pickle
import pwd
import traceback
from collections.abc import Callable
from typing import TypeVar

import pytest

T = TypeVar("T")

as_root_only = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: a server of root runs as another user")


def ordinary_user() -> pwd.struct_passwd:
    """A user who is not root: ourselves, or nobody."""
    return pwd.getpwuid(os.geteuid()) if os.geteuid() else pwd.getpwnam("nobody")


def as_ordinary_user(work: Callable[[], T]) -> T:
    """What work returns when somebody who is not root does it; what it raises is raised here."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        with os.fdopen(writing, "wb") as answer:
            answer.write(pickle.dumps(_outcome(work)))
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as answer:
        value, error = pickle.loads(answer.read())
    os.waitpid(child, 0)
    if error:
        raise error
    return value


def _outcome(work: Callable[[], T]) -> tuple[T | None, BaseException | None]:
    try:
        if os.geteuid() == 0:
            user = ordinary_user()
            os.setgroups([])
            os.setgid(user.pw_gid)
            os.setuid(user.pw_uid)
        return work(), None
    except BaseException as error:
        traceback.print_exc()
        return None, error
