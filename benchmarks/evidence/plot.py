"""A result's plot: a panel for each metric, lines over a numeric axis, else a point for each variant. The same rows give the same SVG."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .experiment import Experiment, Metric, Row
from .verdict import half_width

# Read as well on a light page as on a dark one: grey text, no background, colours of Okabe and Ito (2008) that are neither.
INK = "#808080"
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#999999", "#8a6d3b")
STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "netlint",
    "font.family": "sans-serif",
    "font.size": 9,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "figure.facecolor": "none",
    "legend.frameon": False,
}
COLUMNS = 2


def draw(experiment: Experiment, rows: Sequence[Row], path: Path) -> None:
    """Writes the plot to `path`. Error bars are the 95 % intervals of the means."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    shown = [(metric, label) for metric, label in experiment.metrics.items() if any(row.metric == metric for row in rows)]
    columns = min(COLUMNS, len(shown))
    lines = -(-len(shown) // columns)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(4.6 * columns, 3.2 * lines), layout="constrained")
        panels = list(figure.subplots(lines, columns, squeeze=False).flat)
        for panel, (metric, label) in zip(panels, shown, strict=False):
            _panel(panel, experiment, label, [row for row in rows if row.metric == metric])
        for panel in panels[len(shown) :]:
            panel.axis("off")
        handles: dict[str, Any] = {}
        for panel in figure.axes:
            handles |= {name: handle for handle, name in zip(*panel.get_legend_handles_labels(), strict=True)}
        if len(handles) > 1:
            figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=min(4, len(handles)))
        figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})
    path.write_text("\n".join(line.rstrip() for line in path.read_text(encoding="utf-8").splitlines()) + "\n", encoding="utf-8")


def _panel(panel: Any, experiment: Experiment, label: Metric, rows: Sequence[Row]) -> None:
    panel.set_title(label.label, fontsize=9)
    curves = [row for row in rows if isinstance(row.at, (int, float))]
    if curves:
        _curves(panel, experiment, curves)
        panel.set_yscale("log" if label.log else "linear")
    else:
        _points(panel, rows)
        panel.set_xscale("log" if label.log else "linear")


def _curves(panel: Any, experiment: Experiment, rows: Sequence[Row]) -> None:
    """A line for each variant over the places of the axis."""
    for place, (arm, its) in enumerate(_by_arm(rows).items()):
        line = "-" if place < len(COLOURS) else "--"
        style = {
            "label": arm,
            "color": COLOURS[place % len(COLOURS)],
            "linestyle": line,
            "marker": "o",
            "markersize": 3,
            "linewidth": 1.4,
            "capsize": 2,
        }
        panel.errorbar([row.at for row in its], [row.mean for row in its], _errors(its), **style)
    panel.set_xlabel(experiment.axis)
    places = sorted({row.at for row in rows if isinstance(row.at, (int, float))})
    if experiment.log_axis:
        panel.set_xscale("symlog", linthresh=places[1] if places[0] == 0 else places[0])
    panel.set_xticks(places, [f"{place:g}" for place in places], minor=False)
    panel.set_xticks([], minor=True)


def _points(panel: Any, rows: Sequence[Row]) -> None:
    """A point for each variant, with its name on the axis."""
    for colour, its in zip(COLOURS * 3, _by_arm(rows).values(), strict=False):
        names = [row.arm if row.at is None else f"{row.arm}, {row.at}" for row in its]
        panel.errorbar([row.mean for row in its], names, xerr=_errors(its), color=colour, marker="o", linestyle="none", capsize=3)
    panel.set_ylim(len(rows) - 0.5, -0.5)


def _by_arm(rows: Sequence[Row]) -> dict[str, list[Row]]:
    return {arm: [row for row in rows if row.arm == arm] for arm in dict.fromkeys(row.arm for row in rows)}


def _errors(rows: Sequence[Row]) -> list[float]:
    return [half_width(row.values) if len(row.values) > 1 else 0.0 for row in rows]
