"""What several commands take."""

from typing import Annotated

import typer

RunName = Annotated[
    str,
    typer.Argument(metavar="RUN", help="A folder, an id, its beginning or last letters, or last."),
]
Json = Annotated[bool, typer.Option("--json", help="End with the result as one line of JSON.")]
