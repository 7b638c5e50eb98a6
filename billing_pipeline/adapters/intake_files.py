"""Files for the intake: CSV in UTF-8, with a header."""

import csv
import hashlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from billing_pipeline.domain.errors import Broken
from billing_pipeline.flows.ports.intake import Sheet

BYTES_MAX: Final = 512 * 1024 * 1024  # a file is held in memory while it is checked: larger ones are split
ROWS_MAX: Final = 1_000_000


def read_sheet(path: Path) -> Sheet:
    """The file's header and lines. Raises Broken when it cannot be read as CSV, naming the line."""
    try:
        if path.stat().st_size > BYTES_MAX:
            raise Broken(f"{path} is larger than {BYTES_MAX // 1024**2} MB: split it, each part with the header")
        content = path.read_bytes()
        written = content.decode("utf-8-sig")
    except OSError as error:
        raise Broken(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise Broken(f"{path}, line {line}: not UTF-8: save the file as CSV UTF-8") from None
    rows = list(numbered(path, written))
    if not rows:
        raise Broken(f"{path} is empty: its first line names the columns")
    header = tuple(cell.strip() for cell in rows[0][1])
    lines = tuple((number, dict(zip(header, cells, strict=True))) for number, cells in checked(path, header, rows[1:]))
    return Sheet(path.name, hashlib.sha256(content).hexdigest(), header, lines)


def numbered(path: Path, written: str) -> Iterator[tuple[int, list[str]]]:
    """The lines that are not empty, with the number of the line each begins on."""
    lines = csv.reader(io.StringIO(written, newline=""), strict=True)
    begins = 1
    try:
        for cells in lines:
            if any(cell.strip() for cell in cells):
                yield begins, cells
            begins = lines.line_num + 1
    except csv.Error as error:
        raise Broken(f"{path}, line {begins}: {error}: check the quotes") from None


def checked(path: Path, header: tuple[str, ...], rows: list[tuple[int, list[str]]]) -> list[tuple[int, list[str]]]:
    """The rows themselves. Raises Broken on a line with more or fewer cells than the header, or on too many lines."""
    if len(rows) > ROWS_MAX:
        raise Broken(f"{path} has {len(rows)} rows: split it into parts of at most {ROWS_MAX}, each with the header")
    for number, cells in rows:
        if len(cells) != len(header):
            raise Broken(f"{path}, line {number}: {len(cells)} cells under {len(header)} columns: is a comma unquoted?")
    return rows
