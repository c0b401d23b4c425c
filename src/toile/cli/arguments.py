"""Arguments and options of several commands."""

from typing import Annotated

import typer

RunName = Annotated[
    str,
    typer.Argument(
        metavar="RUN",
        help="A folder, an id or part of it, a recipe's name, last, or last~1 for the one before.",
    ),
]
Names = Annotated[
    list[str],
    typer.Argument(metavar="NAME...", help="Runs, studies, searches or sheets, by name or folder."),
]
MovedData = Annotated[
    str | None,
    typer.Option("--data", metavar="PATH", help="Where the run's data is now, if it was moved."),
]
Json = Annotated[bool, typer.Option("--json", help="End with the result as one line of JSON.")]
OtherData = Annotated[str | None, typer.Option(metavar="NAME|PATH", help="Other data.")]
Epochs = Annotated[int | None, typer.Option(help="Another number of epochs.")]
Margin = Annotated[
    float | None,
    typer.Option(help="Differences up to this many points do not matter; 0.5 by default."),
]
On = Annotated[
    str, typer.Option(help="local: in processes; inline: in this process, one after another.")
]
Workers = Annotated[int | None, typer.Option(min=1, help="Processes; as many as cores by default.")]
AllowSeen = Annotated[
    bool,
    typer.Option(
        "--allow-seen", help="Compare also networks that may have been trained on these images."
    ),
]
