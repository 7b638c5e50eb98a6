"""Dunning letters from Jinja2 templates: one folder per language, one .txt.j2 and one .html.j2 per template.

The first line of the text is 'Subject: ...'. Amounts and dates are written the customer's way (Babel).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from traceback import extract_tb
from typing import Any, Final

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import format_currency, get_currency_precision
from jinja2 import (
    Environment,
    FileSystemLoader,
    StrictUndefined,
    TemplateError,
    TemplateNotFound,
    TemplateSyntaxError,
    nodes,
)
from jinja2.meta import find_undeclared_variables

from billing_pipeline.domain.currencies import exponent
from billing_pipeline.domain.errors import Broken, Codes
from billing_pipeline.domain.money import Money
from billing_pipeline.flows.ports.dunning import Letter, Notice, PayLink

VARIABLES: Final = frozenset(
    {"seller", "customer", "invoices", "amount", "pay_link", "next_on", "card_expired", "needs_confirmation"}
)
"""What a template may use. invoices: each with number, amount, due_on, pay_link."""
NEEDED: Final = frozenset({"amount", "pay_link"})
"""What every letter that asks for money must say."""
ASKS_FOR_NOTHING: Final = frozenset({"reinstated", "canceled", "written_off"})
FIELDS: Final = ("number", "amount", "due_on", "pay_link")
"""What each of a letter's invoices has."""
INVOICE: Final = dict.fromkeys(FIELDS, "-")
TRIALS: Final = tuple(
    dict.fromkeys(VARIABLES, "-") | {"invoices": [INVOICE] * count, "card_expired": yes, "needs_confirmation": yes}
    for count, yes in ((1, True), (2, False))
)
"""Words of letters that nobody gets: about one invoice, and about two."""
KINDS: Final = ("txt", "html")
SUBJECT: Final = "Subject: "


@dataclass(frozen=True, slots=True)
class TemplateFault:
    """Something wrong with a template file. line: 0 where it is not about one."""

    file: Path
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}" if self.line else f"{self.file}: {self.message}"


class TemplateLetters:
    """Writes letters. pay_link: gives an invoice's signed address."""

    def __init__(self, folder: Path, pay_link: PayLink) -> None:
        self._pay_link = pay_link
        self._environment = environment(folder)

    def compose(self, notice: Notice) -> Letter:
        """The letter in the notice's language. Raises Broken when the template does not exist."""
        words = self._words(notice)
        text, html = (self._render(notice, kind, words) for kind in KINDS)
        subject, _, body = text.partition("\n")
        return Letter(" ".join(subject.removeprefix(SUBJECT).split()), body.strip() + "\n", html)

    def _render(self, notice: Notice, kind: str, words: dict[str, Any]) -> str:
        try:
            return self._environment.get_template(f"{notice.language}/{notice.template}.{kind}.j2").render(words)
        except TemplateNotFound as error:
            raise Broken(f"no template {error.name}: add it, or run `billing-pipeline dunning check`") from error
        except TemplateError as error:
            raise Broken(f"template {notice.language}/{notice.template}.{kind}.j2: {error}") from error

    def _words(self, notice: Notice) -> dict[str, Any]:
        locale = written_as(notice.locale, notice.language)
        links = {line.invoice: self._pay_link(line.invoice) for line in notice.invoices}
        return {
            "seller": notice.seller,
            "customer": notice.customer,
            "invoices": [
                {
                    "number": line.number,
                    "amount": shown_amount(line.amount, locale),
                    "due_on": shown_day(line.due_on, locale),
                    "pay_link": links[line.invoice],
                }
                for line in notice.invoices
            ],
            "amount": shown_total([line.amount for line in notice.invoices], locale),
            "pay_link": links[notice.invoices[0].invoice],
            "next_on": shown_day(notice.next_on, locale) if notice.next_on else "",
            "card_expired": _says(notice.codes, "expired_card"),
            "needs_confirmation": _says(notice.codes, "authentication_required"),
        }


def environment(folder: Path) -> Environment:
    """Jinja2 over that folder: an unknown variable is an error, and HTML is escaped."""
    return Environment(
        loader=FileSystemLoader(folder),
        undefined=StrictUndefined,
        autoescape=lambda name: bool(name and name.endswith(".html.j2")),
        trim_blocks=True,
        lstrip_blocks=True,
    )


def written_as(locale: str, language: str) -> str:
    """The customer's locale where it is a way of writing that language, such as 'de_CH' for 'de'; else the language."""
    try:
        found = Locale.parse(locale.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return language
    return str(found) if found.language == language else language


def shown_amount(amount: Money, locale: str) -> str:
    """The amount as people write it there, such as '1.234,50 €' or '￥500'; decimals that are not zero are never lost."""
    places, code = exponent(amount.currency), amount.currency.upper()
    hidden = max(places - get_currency_precision(code), 0)
    whole = not amount.minor % 10**hidden
    number = Decimal(amount.minor).scaleb(-places)
    return str(format_currency(number, code, locale=locale, decimal_quantization=whole))


def shown_total(amounts: Sequence[Money], locale: str) -> str:
    """The sum; one per currency, with ' + ' between them."""
    sums: dict[str, Money] = {}
    for amount in amounts:
        sums[amount.currency] = sums[amount.currency] + amount if amount.currency in sums else amount
    return " + ".join(shown_amount(one, locale) for one in sums.values())


def shown_day(day: date, locale: str) -> str:
    """The day as people write it there, such as '3. März 2026'."""
    return str(format_date(day, format="long", locale=locale))


def _says(codes: Codes, word: str) -> bool:
    """Only what a customer may be told: a stolen card or suspected fraud is an ordinary decline to them."""
    return word in (codes.decline, codes.code)


def template_faults(folder: Path, languages: Sequence[str], templates: Sequence[str]) -> list[TemplateFault]:
    """Everything wrong with the templates that a policy uses, in each of its languages; empty is the good news."""
    found: list[TemplateFault] = []
    jinja = environment(folder)
    for language in languages:
        if not _is_language(language) or not (folder / language).is_dir():
            found.append(
                TemplateFault(folder / language, 0, f"no folder for language {language!r}: write its templates")
            )
            continue
        for name in templates:
            found += _faults_of(jinja, folder, language, name)
    return found


def _is_language(language: str) -> bool:
    try:
        return bool(Locale.parse(language))
    except (UnknownLocaleError, ValueError):
        return False


def _faults_of(jinja: Environment, folder: Path, language: str, name: str) -> Iterator[TemplateFault]:
    for kind in KINDS:
        file = folder / language / f"{name}.{kind}.j2"
        if not file.is_file():
            yield TemplateFault(file, 0, f"missing: template {name!r} is used by the policy")
            continue
        try:
            source = file.read_text("utf-8")
            tree = jinja.parse(source)
        except UnicodeDecodeError:
            yield TemplateFault(file, 1, "it is not written in UTF-8: save it so")
            continue
        except TemplateSyntaxError as error:
            yield TemplateFault(file, error.lineno, str(error.message))
            continue
        if kind == "txt" and not source.startswith(SUBJECT):
            yield TemplateFault(file, 1, f"the first line must begin with {SUBJECT!r}")
        try:
            wrong = list(_variable_faults(tree, jinja, file, name))
        except TemplateSyntaxError:
            wrong = []  # an unknown filter: the trial names it with its line
        yield from wrong or _trial_faults(jinja, file, f"{language}/{file.name}")


def _trial_faults(jinja: Environment, file: Path, name: str) -> Iterator[TemplateFault]:
    """What goes wrong when the letter is really written: an unknown field or filter, a sum of words."""
    for words in TRIALS:
        try:
            jinja.get_template(name).render(words)
        except TemplateSyntaxError as error:
            yield TemplateFault(file, error.lineno, str(error.message))
            return
        except Exception as error:  # a template may do anything, and whatever it does wrong is its own fault
            frames = [frame for frame in extract_tb(error.__traceback__) if frame.filename.endswith(".j2")]
            where, line = (Path(frames[-1].filename), frames[-1].lineno or 0) if frames else (file, 0)
            yield TemplateFault(where, line, f"{error}: invoices have {', '.join(FIELDS)}; all else is text")
            return


def _variable_faults(tree: nodes.Template, jinja: Environment, file: Path, name: str) -> Iterator[TemplateFault]:
    used = set(find_undeclared_variables(tree)) | _inherited(tree, jinja)
    for node in tree.find_all(nodes.Name):
        if node.ctx == "load" and node.name in used - VARIABLES:
            known = ", ".join(sorted(VARIABLES))
            yield TemplateFault(file, node.lineno, f"unknown variable {node.name!r}: use one of {known}")
    if name not in ASKS_FOR_NOTHING and (missing := NEEDED - used):
        yield TemplateFault(
            file, 1, f"missing variable {', '.join(sorted(missing))}: a letter must say what to pay and where"
        )


def _inherited(tree: nodes.Template, jinja: Environment) -> set[str]:
    """Variables that the templates it stands on use."""
    used: set[str] = set()
    for node in tree.find_all(nodes.Extends):
        if isinstance(node.template, nodes.Const) and jinja.loader:
            source, _, _ = jinja.loader.get_source(jinja, str(node.template.value))
            parent = jinja.parse(source)
            used |= set(find_undeclared_variables(parent)) | _inherited(parent, jinja)
    return used
