"""One small experiment for each statement of advice, so that a reader can make its figures again.

`python -m benchmarks.evidence --list` names them. `experiments/` holds one file each: the whole design on a screen. `verdict.py` says how a
verdict follows from the numbers, `results/` holds what came out.

A new experiment is a module in `experiments/` with a function `measure` and an `experiment`, committed with what `--write` makes of it.
"""
