"""The fonts of a PDF: DejaVu for most of the world's letters, and behind it a Japanese one, which also has most of Chinese."""

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from billing_pipeline.domain.errors import Broken

FONT: Final = "DejaVu"
BEHIND: Final = "IPAexGothic"  # one weight: it stands in for the bold letters too
STYLES: Final = (("", "DejaVuSans.ttf"), ("B", "DejaVuSans-Bold.ttf"))


def add_fonts(pdf: Any, text: str) -> None:
    """Nothing; afterwards the pages have what it takes to write the text. A Latin one is not made to carry Japanese."""
    for style, file in STYLES:
        pdf.add_font(FONT, style, str(latin() / file))
    if not pdf.fonts[FONT.lower()].cmap.keys() >= set(map(ord, text)):
        pdf.add_font(BEHIND, "", str(japanese()))
        pdf.set_fallback_fonts([BEHIND], exact_match=False)


@cache
def latin() -> Path:
    """The folder with the DejaVu fonts, which come with matplotlib."""
    import matplotlib  # heavy, and needed for its fonts alone

    return Path(matplotlib.get_data_path()) / "fonts" / "ttf"


@cache
def japanese() -> Path:
    """The file of IPAexGothic, which comes with matplotlib-fontja; importing that would change matplotlib's settings."""
    found = find_spec("matplotlib_fontja")
    if found is None or not found.submodule_search_locations:
        raise Broken("the package matplotlib-fontja is not installed: `make install`")
    return Path(found.submodule_search_locations[0]) / "fonts" / "ipaexg.ttf"
