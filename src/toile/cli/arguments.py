"""What several commands take."""

from typing import Annotated

import typer

RunName = Annotated[
    str,
    typer.Argument(
        metavar="RUN", help="A folder, an id or part of it, a recipe, last, or last~1 before it."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="End with the result as one line of JSON.")]
