"""How the payment page reads: its words by language, its amounts and dates as the customer writes them."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from billing_pipeline.adapters.message_templates import shown_amount
from billing_pipeline.domain.money import Money
from billing_pipeline.flows.pay_on_page import PageState
from billing_pipeline.flows.ports.page import PageInvoice

FOLDER: Final = Path(__file__).parent / "templates"
DEFAULT: Final = "en"
GOOD: Final = frozenset({PageState.PAID, PageState.SAVED})
BAD: Final = frozenset({PageState.FAILED, PageState.LATER})  # an unsure end is neither


@dataclass(frozen=True, slots=True)
class Shown:
    """One page: an invoice with or without a form, or no invoice and the reason."""

    invoice: PageInvoice | None
    mode: str = "pay"
    token: str = ""
    form: bool = False
    said: str = ""
    tone: str = "plain"
    title_key: str = ""
    stripe_js: str = ""
    publishable_key: str = ""
    look_again_s: int = 0


def rendered(shown: Shown) -> str:
    """The page as HTML, in the customer's language."""
    invoice = shown.invoice
    lang = language(invoice.locale if invoice else DEFAULT)
    root = "../" if shown.mode == "card" else ""
    known: dict[str, Any] = {
        "lang": lang, "text": texts(lang), "root": root, "title": _title(shown, lang), "lines": (), "other": "",
        "form": shown.form, "mode": shown.mode, "token": shown.token, "said": shown.said, "tone": shown.tone,
        "stripe_js": shown.stripe_js, "publishable_key": shown.publishable_key, "invoice": invoice,
        "look_again_s": shown.look_again_s, "remaining": "", "total": "", "due_on": "",
    }  # fmt: skip
    return str(_template().render(known | (_amounts(invoice, shown) if invoice else {})))


def sentence(locale: str, key: str) -> str:
    """What the page says of that state, in the customer's language; '' for one that needs no words."""
    return texts(language(locale)).get(key, "")


def tone(state: PageState) -> str:
    """How it is said: good, bad or plain."""
    return "good" if state in GOOD else "bad" if state in BAD else "plain"


def language(locale: str) -> str:
    """The language of the locale if the page speaks it, else English."""
    wanted = locale.replace("-", "_").partition("_")[0].lower()
    return wanted if wanted in _all_texts() else DEFAULT


@cache
def texts(lang: str) -> dict[str, str]:
    """Every text in that language; English where it has none."""
    return _all_texts()[DEFAULT] | _all_texts()[lang]


def written(amount: Money, locale: str) -> str:
    """The amount as people of that locale write it, such as 1.234,50 €, as on its invoice. Exact: no float comes near it."""
    return shown_amount(amount, str(_known(locale)))


def _amounts(invoice: PageInvoice, shown: Shown) -> dict[str, Any]:
    other = f"../{shown.token}" if shown.mode == "card" else f"{shown.token}/card"
    return {
        "remaining": written(invoice.remaining, invoice.locale),
        "total": written(invoice.total, invoice.locale),
        "due_on": format_date(invoice.due_on, "long", locale=_known(invoice.locale)),
        "lines": [
            {"description": line.description, "amount": written(line.amount, invoice.locale)} for line in invoice.lines
        ],
        "other": other if shown.publishable_key else "",
    }


def _title(shown: Shown, lang: str) -> str:
    if shown.invoice is None:
        return texts(lang)[shown.title_key]
    return texts(lang)["card_title"] if shown.mode == "card" else f"{texts(lang)['title']} {shown.invoice.number}"


def _known(locale: str) -> Locale:
    try:
        return Locale.parse(locale.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return Locale(DEFAULT)


@cache
def _all_texts() -> dict[str, dict[str, str]]:
    return tomllib.loads((FOLDER / "texts.toml").read_text("utf-8"))


@cache
def _template() -> Any:
    made = Environment(loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return made.get_template("page.html.j2")
