"""One small experiment for each statement of advice, so that a reader can make its figures again.

`python -m benchmarks.evidence --list` names them. `experiments/` holds one file each: the whole design on a screen. `verdict.py` says how a
verdict follows from the numbers, `results/` holds what came out.
"""
