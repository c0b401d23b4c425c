"""Figures of what a network does inside: maps, sums, evidence, pictures that drive a channel."""
