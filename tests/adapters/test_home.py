import json
import subprocess
import sys
import threading

import pytest

from billing_pipeline.adapters.home import locked, prepare, read_record, write_record
from billing_pipeline.domain.errors import Broken

HOLD = (
    "import sys, pathlib; from billing_pipeline.adapters.home import locked\n"
    "with locked(pathlib.Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
)


def holder(folder) -> subprocess.Popen:
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"held\n"
    return process


def test_only_one_process_at_a_time_holds_the_home(tmp_path):
    order = []
    other = holder(tmp_path)

    def wait_for_it():
        with locked(tmp_path):
            order.append("we")

    waiting = threading.Thread(target=wait_for_it)
    waiting.start()
    waiting.join(0.2)
    order.append("they leave")
    other.communicate()
    waiting.join(10)

    assert order == ["they leave", "we"]


def test_the_lock_of_a_killed_process_is_free(tmp_path):
    other = holder(tmp_path)
    other.kill()
    other.communicate()

    with locked(tmp_path) as folder:
        held = folder

    assert held == tmp_path.resolve()


def test_a_record_is_read_as_it_was_written(tmp_path):
    write_record(tmp_path / "a.json", {"data": "/x", "major": 18})

    assert read_record(tmp_path / "a.json") == {"data": "/x", "major": 18}
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_a_record_that_is_not_there_is_empty(tmp_path):
    assert read_record(tmp_path / "a.json") == {}


@pytest.mark.parametrize("text", ["{half", json.dumps([1, 2]), ""])
def test_a_record_that_is_none_is_named(tmp_path, text):
    (tmp_path / "a.json").write_text(text)

    with pytest.raises(Broken, match=r"a\.json is not a JSON record: remove it"):
        read_record(tmp_path / "a.json")


def test_a_file_where_the_home_should_be_is_named(tmp_path):
    (tmp_path / "home").write_text("")

    with pytest.raises(Broken, match=r"cannot write in .*home .*BILLING_HOME"):
        prepare(tmp_path / "home")
