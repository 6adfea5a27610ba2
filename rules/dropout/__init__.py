"""Dropout: where it belongs, at what rate, and that it stops at test time (statements S1-S4)."""
