"""The time machine's answer as one HTML file that needs nothing else: tables, and charts drawn inline as SVG."""

from collections.abc import Sequence
from io import StringIO
from pathlib import Path

import matplotlib as mpl
from jinja2 import Environment, StrictUndefined
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from billing_pipeline.domain.dunning_sums import shown_sums
from billing_pipeline.flows.replay_dunning import Replayed

PAGE = Path(__file__).parent / "dunning_report.html.j2"
COLORS = ("#1d4ed8", "#d97706", "#059669", "#7c3aed")


def write_report(replayed: Replayed, file: Path) -> None:
    """Nothing; afterwards the file holds the whole report."""
    jinja = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    page = jinja.from_string(PAGE.read_text())
    file.write_text(
        page.render(
            r=replayed,
            money=shown_sums,
            charts=[_curve(replayed), _bars(replayed)],
            changed=_changed(replayed),
        ),
        "utf-8",
    )


def _changed(replayed: Replayed, rows_max: int = 500) -> list[tuple[object, ...]]:
    """Invoices that the policies would have treated differently, side by side."""
    return [pair for pair in zip(*replayed.treated, strict=True) if len({_shape(one) for one in pair}) > 1][:rows_max]


def _shape(one: object) -> tuple[object, ...]:
    return tuple(getattr(one, name) for name in ("mailed", "retried", "suspended_at"))


def _curve(replayed: Replayed) -> str:
    """How the money is expected to come back, day by day after the first failure."""
    figure, axes = _figure()
    for color, policy, curve in zip(COLORS, replayed.policies, replayed.recovered_by_day, strict=False):
        axes.step(
            range(len(curve)), [per_mille / 1000 for per_mille in curve], where="post", color=color, label=policy.policy
        )
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.set(
        title="Expected to be paid, of all invoices whose first charge failed",
        xlabel="days after the failure",
        ylim=(0, 1),
    )
    axes.legend(frameon=False, loc="lower right")  # below the curves; looking for the best place can take seconds
    return _svg(figure)


def _bars(replayed: Replayed) -> str:
    """What each policy would have done, as counts side by side."""
    figure, axes = _figure()
    names = ("retries", "mails", "suspended", "canceled", "written_off")
    width = 0.8 / len(replayed.policies)
    for index, (color, policy) in enumerate(zip(COLORS, replayed.policies, strict=False)):
        places = [place + index * width for place in range(len(names))]
        bars = axes.bar(places, [getattr(policy, name) for name in names], width, color=color, label=policy.policy)
        axes.bar_label(bars, fontsize=8)
    ticks: Sequence[float] = [place + 0.4 - width / 2 for place in range(len(names))]
    axes.set_xticks(ticks, [name.replace("_", " ") for name in names])
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set(title="What would have been done (expected number)")
    axes.legend(frameon=False, loc="upper right")
    return _svg(figure)


def _figure() -> tuple[Figure, mpl.axes.Axes]:
    figure = Figure(figsize=(8, 3.6), layout="constrained")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _svg(figure: Figure) -> str:
    """The drawing as an <svg> element; the same input gives the same bytes."""
    text = StringIO()
    with mpl.rc_context({"svg.hashsalt": "dunning", "svg.fonttype": "none"}):
        figure.savefig(text, format="svg", metadata={"Date": None})
    return text.getvalue()[text.getvalue().index("<svg") :]
