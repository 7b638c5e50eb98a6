"""A document as one HTML file: no script, nothing loaded from elsewhere, printable, readable on a phone."""

from functools import cache
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from billing_pipeline.adapters.documents.paper import Paper

TEMPLATES: Final = Path(__file__).parent / "templates"


def to_html(paper: Paper) -> str:
    """The document. Whatever a customer put into a name stays text."""
    return template().render(paper=paper)


@cache
def template() -> Template:
    """The template, read once."""
    loader = FileSystemLoader(TEMPLATES)
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined).get_template("paper.html.j2")
