"""`python -m toile.cli`, the same as `toile`."""

from toile.cli import main

main()
