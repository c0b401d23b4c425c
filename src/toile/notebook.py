"""Shows our objects as HTML in notebooks, through formatters registered with IPython.

No class knows of HTML, and nothing that draws is imported before something is shown.
"""

import sys
from typing import Any

SHOWN = (
    ("toile.data.dataset", "Dataset"),
    ("toile.prediction.classifier", "Classifier"),
    ("toile.recipe.plan", "Plan"),
    ("toile.runs.run", "Run"),
    ("toile.statistics.verdict", "Verdict"),
    ("toile.studies.comparison", "Comparison"),
    ("toile.studies.result", "StudyResult"),
)


def show_in_notebooks() -> None:
    """Have the notebook that this process is, if it is one, show our objects as HTML."""
    # A notebook has imported IPython before anything of ours.
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is None:
        return
    html = shell.display_formatter.formatters["text/html"]
    for module, name in SHOWN:
        html.for_type_by_name(module, name, _html)


def _html(shown: Any) -> str:
    from toile.report import notebook_html

    return notebook_html(shown)
