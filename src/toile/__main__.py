"""`python -m toile`, the same as `toile`."""

from toile.cli import main

main()
