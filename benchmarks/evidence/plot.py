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
        panels = figure.subplots(lines, columns, squeeze=False).flat
        for panel, (metric, label) in zip(panels, shown, strict=False):
            _panel(panel, experiment, label, [row for row in rows if row.metric == metric])
        for panel in list(panels)[len(shown) :]:
            panel.axis("off")
        handles: dict[str, Any] = {}
        for panel in figure.axes:
            handles |= {name: handle for handle, name in zip(*panel.get_legend_handles_labels(), strict=True)}
        if len(handles) > 1:
            figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=min(4, len(handles)))
        figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})
    path.write_text("\n".join(line.rstrip() for line in path.read_text(encoding="utf-8").splitlines()) + "\n", encoding="utf-8")


def _panel(panel: Any, experiment: Experiment, label: Metric, rows: Sequence[Row]) -> None:
    arms = list(dict.fromkeys(row.arm for row in rows))
    curves = any(isinstance(row.at, (int, float)) for row in rows)
    for colour, arm in zip(COLOURS * 3, arms, strict=False):
        its = [row for row in rows if row.arm == arm and (isinstance(row.at, (int, float)) or not curves)]
        errors = [half_width(row.values) if len(row.values) > 1 else 0.0 for row in its]
        if curves:
            at = [row.at for row in its]
            panel.errorbar(
                at, [row.mean for row in its], errors, label=arm, color=colour, marker="o", markersize=3, linewidth=1.4, capsize=2
            )
        else:
            names = [arm if row.at is None else f"{arm}, {row.at}" for row in its]
            panel.errorbar([row.mean for row in its], names, xerr=errors, color=colour, marker="o", linestyle="none", capsize=3)
    panel.set_title(label.label, fontsize=9)
    if curves:
        if experiment.log_axis:
            ladder = sorted({float(row.at) for row in rows if isinstance(row.at, (int, float))})
            panel.set_xscale("symlog", linthresh=ladder[1] if ladder[0] == 0 else ladder[0])
        panel.set_xlabel(experiment.axis)
        panel.set_yscale("log" if label.log else "linear")
    else:
        panel.set_xscale("log" if label.log else "linear")
        panel.invert_yaxis()
