"""`python -m toile.app.openapi` prints the OpenAPI document, the source of the page's types."""

import json
import sys
from pathlib import Path

from toile.app.server import create_app
from toile.app.session import Session


def openapi_text() -> str:
    """The API's OpenAPI document, the content of `web/openapi.json`."""
    app = create_app(Session.of(Path("runs")))
    return json.dumps(app.openapi(), indent=1) + "\n"


if __name__ == "__main__":
    sys.stdout.write(openapi_text())
