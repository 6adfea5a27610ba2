"""Regularisation: penalties on the weights and the optimizer's weight decay (statements S12-S16)."""
