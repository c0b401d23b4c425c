"""Experimental: many readings trained as one, as a GPU may want it; nothing chooses it yet."""
