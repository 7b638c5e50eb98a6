"""Delivery reports are read as mail servers write them; what cannot be used is named."""

import mailbox
from hashlib import sha256
from pathlib import Path

import pytest

from billing_pipeline.adapters.bounce_files import MAIL_BYTES_MAX, read_bounces, read_mail
from billing_pipeline.domain.errors import Broken
from billing_pipeline.flows.note_bounces import Read, Report, Result
from tests.bounces import HOLIDAY, report

BOTH = ["Read", "Report"]
OURS = sha256(b"inv-1:reminder").hexdigest()[:32]


def told(text: str) -> Report:
    found = read_mail("mail", text.encode())
    assert isinstance(found, Report), found
    return found


def odd(text: str) -> Read:
    found = read_mail("mail", text.encode())
    assert isinstance(found, Read), found
    return found


@pytest.mark.parametrize("headers_only", [False, True])
def test_a_report_names_our_mail_by_what_came_back_of_it(headers_only: bool):
    found = told(report("inv-1:reminder", headers_only=headers_only))

    assert (found.fingerprint, found.kind, found.status) == (OURS, "hard", "5.1.1")
    assert found.words == "smtp; 550 5.1.1 <ann@example.org>: Recipient address rejected: User unknown"
    assert str(found.made_at) == "2026-03-02 10:00:05+00:00"


def test_a_report_that_returns_nothing_is_known_by_what_it_answers():
    text = report("inv-1:reminder").replace("message/rfc822", "text/plain")
    answer = text.replace("Auto-Submitted: auto-replied", f"In-Reply-To: <{OURS}@seller.example>", 1)

    assert (told(text).fingerprint, told(answer).fingerprint) == ("", OURS)


@pytest.mark.parametrize(
    ("action", "status", "kind"),
    [
        ("failed", "5.7.1", "hard"),
        ("Failed", "4.4.7 (delivery time expired)", "soft"),
        ("delayed", "4.4.1", "delayed"),
        ("delivered", "2.0.0", "delivered"),
        ("relayed", "2.0.0", "delivered"),
    ],
)
def test_a_report_is_hard_soft_delayed_or_no_bounce(action: str, status: str, kind: str):
    found = told(report("inv-1:reminder", action=action, status=status))

    assert (found.kind, found.status) == (kind, status.split()[0])


def test_a_missing_status_is_taken_from_the_servers_words():
    found = told(report("inv-1:reminder", status="", words="smtp; 552 5.2.2 mailbox full"))

    assert (found.kind, found.status) == ("hard", "5.2.2")


def test_a_report_with_a_date_that_nobody_can_read_is_a_report_all_the_same():
    assert told(report("inv-1:reminder", date="tomorrow")).made_at is None


def test_a_holiday_reply_is_no_report():
    assert odd(HOLIDAY) == Read("mail", Result.NO_REPORT, words="text/plain, no delivery report")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (report("m", action="melted"), "ValueError: unknown action 'melted'"),
        (report("m", status="", words="smtp; no"), "a delivery report without a status such as 5.1.1"),
        (report("m").replace("Action: failed\n", ""), "a delivery report that names no recipient and no action"),
        (report("m") + "x" * MAIL_BYTES_MAX, "bytes, more than 20000000"),
    ],
)
def test_a_report_that_cannot_be_used_is_unreadable_and_says_why(text: str, why: str):
    found = odd(text)

    assert found.result is Result.UNREADABLE
    assert why in found.words


def test_a_folder_a_maildir_an_mbox_and_a_file_are_read_alike(tmp_path: Path):
    texts = [report("inv-1:reminder"), HOLIDAY]
    folder, boxed = tmp_path / "folder", mailbox.mbox(tmp_path / "box")
    maildir = mailbox.Maildir(tmp_path / "maildir")
    folder.mkdir()
    for number, text in enumerate(texts):
        (folder / f"{number}.eml").write_text(text)
        boxed.add(text)
        maildir.add(text)
    boxed.close()

    found = {place: read_bounces(tmp_path / place) for place in ("folder", "box", "maildir", "folder/0.eml")}

    kinds = {place: sorted(type(one).__name__ for one in read) for place, read in found.items()}
    assert kinds == {"folder": BOTH, "box": BOTH, "maildir": BOTH, "folder/0.eml": ["Report"]}
    assert [one.file for one in found["folder"] + found["box"]] == ["0.eml", "1.eml", "box:1", "box:2"]


def test_a_mail_that_cannot_be_opened_is_named_and_stops_no_other(tmp_path: Path):
    (tmp_path / "0.eml").mkdir()
    (tmp_path / "1.eml").write_text(HOLIDAY)

    found = read_bounces(tmp_path)

    assert found[0] == Read("0.eml", Result.UNREADABLE, words="Is a directory")
    assert isinstance(found[1], Read)


def test_a_place_that_is_not_there_is_refused(tmp_path: Path):
    with pytest.raises(Broken, match="nowhere: No such file or directory"):
        read_bounces(tmp_path / "nowhere")
