"""Payment links: nobody else can make one, and none lasts."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from stat import S_IMODE

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ids import InvoiceId
from billing_pipeline.settings import Settings
from billing_pipeline.web.links import (
    LIFE,
    Expired,
    Opened,
    Tampered,
    link_secret,
    pay_links,
    read_token,
    sign_link,
    sign_token,
)  # fmt: skip
from tests.fakes import START, FakeClock

SECRET = "x" * 40
TOKEN = sign_token(SECRET, InvoiceId("inv-1"), START + timedelta(hours=1))


@given(st.text(min_size=1, max_size=60), st.integers(min_value=1, max_value=10**8))
def test_a_link_opens_the_invoice_it_was_made_for(name: str, seconds: int) -> None:
    invoice = InvoiceId(name.encode("utf-8", "ignore").decode() or "x")

    token = sign_token(SECRET, invoice, START + timedelta(seconds=seconds))

    assert read_token(SECRET, token, START) == Opened(invoice)
    assert read_token(SECRET, token, START + timedelta(seconds=seconds)) == Expired()


@given(st.integers(min_value=0, max_value=len(TOKEN) - 1), st.sampled_from("Aa0-_.~"))
@example(len(TOKEN) - 1, "a")  # base64 would read the same bytes out of it
def test_no_changed_character_goes_unnoticed(place: int, character: str) -> None:
    changed = TOKEN[:place] + character + TOKEN[place + 1 :]

    assert changed == TOKEN or read_token(SECRET, changed, START) == Tampered()


@given(st.text(max_size=80))
def test_nonsense_is_no_link(token: str) -> None:
    assert read_token(SECRET, token, START) == Tampered()


def test_another_secret_makes_no_link_of_ours() -> None:
    assert read_token("y" * 40, TOKEN, START) == Tampered()
    assert read_token(SECRET, "A" * 5_000, START) == Tampered()


def test_a_link_begins_with_the_public_address() -> None:
    link = sign_link(SECRET, "https://pay.example.com/", InvoiceId("inv-1"), START)

    assert link.startswith("https://pay.example.com/pay/")


def test_without_a_secret_one_is_made_once_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    settings = Settings.load({})

    first, second = link_secret(settings, tmp_path), link_secret(settings, tmp_path)

    assert first == second
    assert len(first) >= 32
    assert S_IMODE((tmp_path / "link_secret").stat().st_mode) == 0o600


@pytest.mark.parametrize("left", ["", "short", "\n"])
def test_a_secret_that_was_half_written_signs_nothing(tmp_path: Path, left: str) -> None:
    (tmp_path / "link_secret").write_text(left)

    with pytest.raises(Broken, match="link_secret holds no whole secret: remove it"):
        link_secret(Settings.load({}), tmp_path)


def test_nobody_finds_a_secret_that_is_not_whole_yet(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: link_secret(Settings.load({}), tmp_path), range(64)))

    assert len(found) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == [".lock", "link_secret"]


def test_a_given_secret_is_used_and_nothing_is_written(tmp_path: Path) -> None:
    assert link_secret(Settings.load({"BILLING_LINK_SECRET": SECRET}), tmp_path) == SECRET
    assert list(tmp_path.iterdir()) == []


def test_a_notice_gets_a_link_that_lasts_its_life(tmp_path: Path, fake_clock: FakeClock) -> None:
    settings = Settings.load({"BILLING_LINK_SECRET": SECRET})
    token = pay_links(settings, tmp_path, fake_clock)(InvoiceId("inv-1")).rpartition("/")[2]

    assert read_token(SECRET, token, START + LIFE - timedelta(seconds=1)) == Opened(InvoiceId("inv-1"))
    assert read_token(SECRET, token, START + LIFE) == Expired()
