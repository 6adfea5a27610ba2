"""Activations: which non-linearity, where, and what a loss expects of the last one (statements S17-S26)."""
