"""Batch, layer and group normalisation: which one where, and when its statistics can be trusted (statements S5-S11)."""
