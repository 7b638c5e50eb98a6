"""The documentation names every setting, and only settings that exist."""

import re
from pathlib import Path

from billing_pipeline.settings import OPTIONS, Settings

DOCS = Path(__file__).parents[2] / "docs"


def test_every_setting_is_documented_in_its_own_words() -> None:
    page = (DOCS / "configuration.md").read_text()

    for field in Settings.model_fields.values():
        assert f"| `{field.alias}` |" in page
        assert str(field.description) in page


def test_every_variable_that_a_page_names_is_read() -> None:
    named = {
        name
        for page in [*DOCS.glob("*.md"), DOCS.parent / "README.md"]
        for name in re.findall(r"\b(?:BILLING|STRIPE)_[A-Z_]+[A-Z]\b", page.read_text())
    }

    assert named
    assert named <= set(OPTIONS) | {"BILLING_HOME"}, named - set(OPTIONS)
