"""Data parallelism: the parts of a batch computed side by side, by threads or processes."""
