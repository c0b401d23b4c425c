"""Versions of files: what older Toiles called otherwise is read as today's.

Speaks plain dicts, as YAML and JSON hold them. What changed stands in `steps.py`, a line each.
"""

from toile.migrations.read import (
    decisive,
    from_file,
    read_arrays,
    read_form,
    read_settings,
    version_of,
    versioned,
    versioned_line,
)

__all__ = [
    "decisive",
    "from_file",
    "read_arrays",
    "read_form",
    "read_settings",
    "version_of",
    "versioned",
    "versioned_line",
]
