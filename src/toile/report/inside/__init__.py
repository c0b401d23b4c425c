"""Figures of the inside of a network: activation maps, sums, heat maps, what drives a channel."""
