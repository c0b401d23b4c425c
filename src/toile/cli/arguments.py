"""What several commands take."""

from typing import Annotated

import typer

RunName = Annotated[
    str,
    typer.Argument(
        metavar="RUN", help="A folder, an id or part of it, a recipe, last, or last~1 before it."
    ),
]
Names = Annotated[
    list[str],
    typer.Argument(metavar="NAME...", help="Runs, studies, searches or sheets, by name or folder."),
]
MovedData = Annotated[
    str | None,
    typer.Option("--data", metavar="PATH", help="Where the run's data lies now, if it has moved."),
]
Json = Annotated[bool, typer.Option("--json", help="End with the result as one line of JSON.")]
OtherData = Annotated[str | None, typer.Option(metavar="NAME|PATH", help="Other data.")]
Epochs = Annotated[int | None, typer.Option(help="Another number of epochs.")]
Margin = Annotated[
    float | None,
    typer.Option(help="Differences up to this many points do not matter; 0.5 unless said."),
]
On = Annotated[
    str, typer.Option(help="local: by processes; inline: in this process, one after another.")
]
Workers = Annotated[
    int | None, typer.Option(min=1, help="Processes; as many as cores unless said.")
]
AllowSeen = Annotated[
    bool,
    typer.Option(
        "--allow-seen", help="Compare also what may have been trained on the images that score it."
    ),
]
