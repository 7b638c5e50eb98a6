"""A document as PDF, by fpdf2 and fonts that come as packages: nothing of the system is needed."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

from fpdf import FPDF

from billing_pipeline.adapters.documents.fonts import FONT, add_fonts
from billing_pipeline.adapters.documents.paper import Paper, PaperLine, Party, Sum

MARGIN_MM: Final = 20
WIDTH_MM: Final = 170  # A4 without its margins
QUANTITY_MM: Final = 25
AMOUNT_MM: Final = 38
SUM_LABEL_MM: Final = 62
ROW_MM: Final = 5.2
INK: Final = (27, 31, 36)
SOFT: Final = (91, 100, 112)
LINE: Final = (217, 222, 228)
ACCENT: Final = (11, 92, 74)


def to_pdf(paper: Paper) -> bytes:
    """The document as A4 pages. The same document gives the same bytes."""
    pdf = blank(paper)
    head(pdf, paper)
    parties(pdf, paper)
    table(pdf, paper)
    sums(pdf, paper.sums)
    closing(pdf, paper)
    return bytes(pdf.output())


class Pages(FPDF):
    """Pages that end with the seller's last line and their number."""

    foot = ""

    def footer(self) -> None:
        """Write the last line of a page."""
        self.set_y(-15)
        write(self, self.foot[:110], FOOT, WIDTH_MM - 20, line_break=False)
        write(self, f"{self.page_no()}/{{nb}}", FOOT.right(), 20)


def blank(paper: Paper) -> Pages:
    """Pages with fonts, margins and what a viewer shows about the file."""
    pdf = Pages(format="A4")
    pdf.foot = paper.footer
    add_fonts(pdf, repr(paper))
    pdf.set_margins(MARGIN_MM, MARGIN_MM, MARGIN_MM)
    pdf.set_auto_page_break(True, margin=22)
    pdf.c_margin = 0  # text begins where the rules begin
    pdf.set_title(f"{paper.title} {paper.number}")
    pdf.set_author(paper.seller.name)
    pdf.set_lang(paper.language)
    pdf.set_creation_date(paper.made_at)
    pdf.add_page()
    return pdf


@dataclass(frozen=True, slots=True)
class Style:
    """How text looks. size: points. height: of a line, in millimetres. align: L or R."""

    size: float = 9
    weight: str = ""
    colour: tuple[int, int, int] = INK
    align: str = "L"
    height: float = ROW_MM

    def right(self) -> "Style":
        """The same, flush right."""
        return replace(self, align="R")


PLAIN: Final = Style()
BOLD: Final = Style(weight="B")
SMALL: Final = Style(size=7.5, colour=SOFT, height=4.5)
FOOT: Final = Style(size=7, colour=SOFT)
TITLE: Final = Style(size=20, weight="B", height=10)
STAMP: Final = Style(size=11, weight="B", colour=ACCENT, align="R", height=10)


def write(pdf: Any, text: str, style: Style = PLAIN, width: float = 0, *, line_break: bool = True) -> None:
    """Nothing; afterwards the text stands on the page, cut into lines where it is too long for width."""
    pdf.set_font(FONT, style.weight, style.size)
    pdf.set_text_color(*style.colour)
    x, y = ("LMARGIN", "NEXT") if line_break else ("RIGHT", "TOP")
    pdf.multi_cell(width, style.height, text, align=style.align, new_x=x, new_y=y)


def head(pdf: Any, paper: Paper) -> None:
    """The bar, the title with its stamp, and number and dates side by side."""
    pdf.set_fill_color(*ACCENT)
    pdf.rect(0, 0, 210, 3, style="F")
    write(pdf, paper.title, TITLE, 110, line_break=False)
    write(pdf, paper.stamp, STAMP, WIDTH_MM - 110)
    pdf.ln(5)
    top, column = pdf.get_y(), WIDTH_MM / max(len(paper.facts), 1)
    bottom = top
    for place, (label, text) in enumerate(paper.facts):
        pdf.set_xy(MARGIN_MM + place * column, top)
        write(pdf, label, SMALL, column - 3, line_break=False)
        pdf.set_xy(MARGIN_MM + place * column, top + 4.5)
        write(pdf, text, BOLD, column - 3)
        bottom = max(bottom, pdf.get_y())
    pdf.set_y(bottom + 7)


def parties(pdf: Any, paper: Paper) -> None:
    """Seller and buyer side by side."""
    top, half = pdf.get_y(), WIDTH_MM / 2
    bottom = top
    for place, (label, party) in enumerate(zip(paper.parties, (paper.seller, paper.buyer), strict=True)):
        pdf.set_left_margin(MARGIN_MM + place * half)
        pdf.set_y(top)
        address(pdf, label, party, half - 6)
        bottom = max(bottom, pdf.get_y())
    pdf.set_left_margin(MARGIN_MM)
    pdf.set_y(bottom + 9)


def address(pdf: Any, label: str, party: Party, width: float) -> None:
    """One of the two."""
    write(pdf, label, SMALL, width)
    write(pdf, party.name, BOLD, width)
    for line in party.lines:
        write(pdf, line, PLAIN, width)


def table(pdf: Any, paper: Paper) -> None:
    """The lines under their heads; a line is never torn over two pages."""
    table_head(pdf, paper.heads)
    for line in paper.lines:
        if pdf.will_page_break(line_height(pdf, line)):
            pdf.add_page()
            table_head(pdf, paper.heads)
        table_row(pdf, line)
    pdf.ln(4)


def table_head(pdf: Any, heads: tuple[str, str, str]) -> None:
    """The heads, with a line below."""
    rest = WIDTH_MM - QUANTITY_MM - AMOUNT_MM
    write(pdf, heads[0], SMALL, rest, line_break=False)
    write(pdf, heads[1], SMALL.right(), QUANTITY_MM, line_break=False)
    write(pdf, heads[2], SMALL.right(), AMOUNT_MM)
    rule(pdf, INK)


def line_height(pdf: Any, line: PaperLine) -> float:
    """Millimetres that the line takes."""
    pdf.set_font(FONT, "", 9)
    rest = WIDTH_MM - QUANTITY_MM - AMOUNT_MM
    broken = pdf.multi_cell(rest, ROW_MM, line.description, dry_run=True, output="LINES")
    return float(len(broken) * ROW_MM + (4.5 if line.period else 0) + 4)


def table_row(pdf: Any, line: PaperLine) -> None:
    """One line: description with its period below, quantity, amount."""
    rest, top = WIDTH_MM - QUANTITY_MM - AMOUNT_MM, pdf.get_y() + 1.6
    pdf.set_y(top)
    write(pdf, line.description, PLAIN, rest)
    if line.period:
        write(pdf, line.period, SMALL, rest)
    bottom = pdf.get_y()
    pdf.set_xy(MARGIN_MM + rest, top)
    write(pdf, line.quantity, PLAIN.right(), QUANTITY_MM, line_break=False)
    write(pdf, line.amount, PLAIN.right(), AMOUNT_MM)
    pdf.set_y(bottom + 1.6)
    rule(pdf, LINE)


def rule(pdf: Any, colour: tuple[int, int, int], x: float = MARGIN_MM) -> None:
    """A line from x to the right margin."""
    pdf.set_draw_color(*colour)
    pdf.line(x, pdf.get_y(), MARGIN_MM + WIDTH_MM, pdf.get_y())


def sums(pdf: Any, rows: Iterable[Sum]) -> None:
    """The sums on the right, the last one large; kept together on one page."""
    rows = list(rows)
    left = MARGIN_MM + WIDTH_MM - SUM_LABEL_MM - AMOUNT_MM
    if pdf.will_page_break((len(rows) + 2) * (ROW_MM + 1)):
        pdf.add_page()
    for row in rows:
        last = row is rows[-1]
        if row.strong:
            rule(pdf, INK if last else LINE, left)
            pdf.ln(1)
        style = Style(size=12 if last else 9, weight="B" if row.strong else "", height=6)
        pdf.set_x(left)
        write(pdf, row.label, style, SUM_LABEL_MM, line_break=False)
        write(pdf, row.amount, style.right(), AMOUNT_MM)


def closing(pdf: Any, paper: Paper) -> None:
    """The link to pay, and what else is to be said."""
    pdf.ln(8)
    if paper.pay_link:
        pdf.set_font(FONT, "B", 9)
        pdf.set_text_color(*ACCENT)
        pdf.cell(text=paper.pay_label, link=paper.pay_link, new_x="LMARGIN", new_y="NEXT")
        write(pdf, paper.pay_link, SMALL)
        pdf.ln(2)
    for note in paper.notes:
        write(pdf, note)
