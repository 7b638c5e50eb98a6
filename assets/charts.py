"""Charts for asset metadata: a small picture inside markdown, drawn from whole major units."""

import base64
import io
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

import dagster as dg

MONTHS_SHOWN: Final = 13  # the same month of last year stands beside this one; more labels would cover each other


def bars_by_month(title: str, series: Mapping[str, Sequence[tuple[date, int]]]) -> dg.MarkdownMetadataValue:
    """A panel per currency (they share no axis), a bar for each of the last months.

    series: currency -> (month, whole major units), in order.
    """
    from matplotlib.figure import Figure  # half a second to import: only where something is drawn

    figure = Figure(figsize=(3.2 * max(1, len(series)), 2.4), layout="constrained")
    for number, (currency, points) in enumerate(sorted(series.items()), start=1):
        axes = figure.add_subplot(1, len(series), number)
        last = points[-MONTHS_SHOWN:]
        axes.bar([f"{month:%b %y}" for month, _ in last], [amount for _, amount in last], color="#4f43dd")
        axes.set_title(f"{title}, {currency}", fontsize=9)
        axes.tick_params(labelsize=8)
        axes.tick_params(axis="x", labelrotation=60)
    picture = io.BytesIO()
    figure.savefig(picture, format="png")
    return dg.MetadataValue.md(f"![{title}](data:image/png;base64,{base64.b64encode(picture.getvalue()).decode()})")
