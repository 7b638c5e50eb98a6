"""A wrong policy is refused at load, with the line."""

import shutil
from pathlib import Path

import pytest

from billing_pipeline.adapters.dunning_policy_file import check_policy, line_of, read_policy
from billing_pipeline.domain.errors import Broken

POLICIES = Path(__file__).parents[2] / "policies"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The shipped policies, to be spoiled."""
    return Path(shutil.copytree(POLICIES, tmp_path / "policies"))


def spoil(folder: Path, old: str, new: str, name: str = "dunning.toml") -> int:
    """The line at which the file was changed."""
    file = folder / name
    source = file.read_text()
    assert old in source
    file.write_text(source.replace(old, new, 1))
    return source[: source.index(old)].count("\n") + 1


def test_the_shipped_policy_is_good():
    policy = read_policy(POLICIES)

    assert sorted(policy.ladders) == ["consumer", "patient", "standard"]
    assert policy.languages == ("en", "de", "fr", "ja")


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ('action = "retry" }', 'action = "rtry" }', "unknown step 'rtry'"),
        ("day = 8,", 'day = "eight",', "day must be a whole number"),
        ('template = "escalation" }', 'template = "threat" }', "no template"),
        ('kinds = ["consumer"]', 'kinds = ["robot"]', "unknown kind 'robot'"),
        ("notices_per_customer_7_days_max = 2", "notices_max = 2", "unknown key 'notices_max'"),
        ("attempts_per_card_30_days_max = 15", "attempts_per_card_30_days_max = 40", "card networks allow 15"),
        ("morning = 09:00:00", "morning = 05:00:00", "quiet hours"),
        ("morning = 09:00:00", 'morning = "nine"', "morning must be a time"),
        ('ladder = "patient"', 'ladder = "impatient"', "no ladder 'impatient'"),
        ('languages = ["en", "de", "fr", "ja"]', 'languages = ["en", "tlh"]', "no folder for language 'tlh'"),
        ('version = "2026-11"', "version = 7", "version must be text"),
        ("paydays = [1, 15]", 'paydays = ["first"]', "paydays must hold a whole number only"),
        ("paydays = [1, 15]", "paydays = [1, 45]", "from 1 to 31"),
        ("grace_days = 3", "grace_days = -3", "use 0 to 90"),
        ("morning = 09:00:00", "morning = 09:00:0x", "not TOML"),
        ("steps = [", "steps = [5,", "steps must hold a table only, not 5"),
    ],
)
def test_a_complaint_names_file_line_and_remedy(folder: Path, old: str, new: str, word: str):
    line = spoil(folder, old, new)

    with pytest.raises(Broken) as refused:
        read_policy(folder)

    assert str(refused.value).startswith(f"{folder / 'dunning.toml'}:{line}: ")
    assert word in str(refused.value)


def test_overlapping_segments_are_refused_at_the_second_one(folder: Path):
    other = '[[segments]]\nname = "germany"\ncountries = ["DE"]\nladder = "standard"\n\n'
    line = spoil(folder, '[[segments]]\nname = "everyone else"', other + '[[segments]]\nname = "everyone else"')

    complaints, _ = check_policy(folder / "dunning.toml", folder / "templates")

    assert [complaint.split(": ")[0].rpartition(":")[2] for complaint in complaints] == [str(line), str(line)]
    assert "'germany' overlaps 'consumer'" in complaints[0]


def test_a_ladder_beyond_the_network_limits_is_refused_at_the_step_that_is_too_many(folder: Path):
    extra = "".join(f'    {{ step = "more-{day}", day = {day}, action = "retry" }},\n' for day in range(1, 15))
    spoil(folder, "retries_per_invoice_max = 8", "retries_per_invoice_max = 40")
    spoil(folder, '    { step = "retry-1"', extra + '    { step = "retry-1"')

    complaints, _ = check_policy(folder / "dunning.toml", folder / "templates")

    lines = (folder / "dunning.toml").read_text().splitlines()
    named = [int(complaint.split(":")[1]) for complaint in complaints if "network limits" in complaint]
    assert named
    assert all('action = "retry"' in lines[line - 1] for line in named)


def test_an_unknown_variable_in_a_template_is_refused_with_its_own_line(folder: Path):
    file = folder / "templates/de/escalation.txt.j2"
    file.write_text(file.read_text() + "\n{{ custmer }}\n")

    with pytest.raises(Broken, match="unknown variable 'custmer'") as refused:
        read_policy(folder)

    assert str(refused.value).startswith(f"{file}:{file.read_text().count(chr(10))}: ")


def test_a_letter_that_forgets_where_to_pay_is_refused(folder: Path):
    spoil(folder, "{{ pay_link }}", "our office", "templates/fr/final_notice.txt.j2")

    with pytest.raises(Broken, match="missing variable pay_link"):
        read_policy(folder)


def test_a_template_that_is_not_jinja_is_refused_with_its_line(folder: Path):
    spoil(folder, "{% for invoice in invoices %}", "{% for invoice of invoices %}", "templates/en/suspended.txt.j2")

    with pytest.raises(Broken, match=r"suspended\.txt\.j2:7: "):
        read_policy(folder)


@pytest.mark.parametrize(
    ("name", "old", "new", "word"),
    [
        ("en/escalation.txt.j2", "invoice.amount", "invoice.total", "no attribute 'total'"),
        ("en/escalation.txt.j2", "{{ customer }}", "{{ customer | shout }}", "No filter named 'shout'"),
        ("de/final_notice.html.j2", "{{ amount }}", "{{ amount + 1 }}", "all else is text"),
        ("layout.html.j2", "invoice.due_on", "invoice.due", "no attribute 'due'"),
    ],
)
def test_what_only_writing_a_letter_shows_is_refused_at_load_with_its_line(
    folder: Path, name: str, old: str, new: str, word: str
):
    line = spoil(folder, old, new, f"templates/{name}")

    with pytest.raises(Broken) as refused:
        read_policy(folder)

    assert str(refused.value).startswith(f"{folder / 'templates' / name}:{line}: ")
    assert word in str(refused.value)


def test_a_template_in_another_encoding_is_refused(folder: Path):
    file = folder / "templates" / "fr" / "escalation.txt.j2"
    file.write_bytes(file.read_text("utf-8").encode("latin-1", "replace"))

    with pytest.raises(Broken, match=r"escalation.txt.j2:1: it is not written in UTF-8"):
        read_policy(folder)


def test_a_template_without_a_subject_is_refused(folder: Path):
    spoil(folder, "Subject: ", "Betreff: ", "templates/de/canceled.txt.j2")

    with pytest.raises(Broken, match="first line must begin with 'Subject: '"):
        read_policy(folder)


def test_several_complaints_are_counted_in_the_first(folder: Path):
    spoil(folder, 'ladder = "patient"', 'ladder = "a"')
    spoil(folder, 'ladder = "consumer"', 'ladder = "b"')

    with pytest.raises(Broken, match="and 1 more"):
        read_policy(folder)


def test_a_file_that_is_no_toml_or_not_there_is_refused(folder: Path, tmp_path: Path):
    (folder / "dunning.toml").write_text("version = = 1")

    with pytest.raises(Broken, match="not TOML"):
        read_policy(folder)
    with pytest.raises(Broken, match="BILLING_POLICIES"):
        read_policy(tmp_path / "nowhere")


def test_a_file_in_another_encoding_is_refused_with_its_line(folder: Path):
    file = folder / "dunning.toml"
    file.write_bytes(b'version = "1"\nlanguages = ["fran\xe7ais"]\n')

    with pytest.raises(Broken) as refused:
        read_policy(folder)

    assert str(refused.value) == f"{file}:2: not TOML: it is not written in UTF-8"


def test_lines_are_found_for_tables_keys_and_elements_of_lists():
    source = 'a = 1\n[t]\nb = [\n    { c = 1 },\n    { c = 2 },\n]\n[[x]]\ny = 1\n[[x]]\ny = 2\n["q.r".s]\nz = 1\n'

    places = [("a",), ("t",), ("t", "b", 1, "c"), ("x", 1, "y"), ("x", 0), ("nowhere",)]

    assert [line_of(source, place) for place in places] == [1, 2, 5, 10, 7, 1]
