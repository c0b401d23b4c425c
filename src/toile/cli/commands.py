"""How commands are listed, and the options that each of them has."""

import re
from functools import cache
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from toile.cli.terminal import volume

PANELS = ("Data", "Build", "Train", "Judge", "Compare", "Keep", "Take away")
"""What `toile --help` lists commands under, in this order."""


class Command(TyperCommand):
    """A command that may be asked to say less or more."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.params += volume_options()

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write what `--help` says of arguments and options, with no Python type in it."""
        for title, kind in (("Arguments", "argument"), ("Options", "option")):
            records = (parameter.get_help_record(ctx) for parameter in self.params_of(ctx, kind))
            rows = [_without_types(name, says, kind) for name, says in filter(None, records)]
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)

    def params_of(self, ctx: Any, kind: str) -> list[Any]:
        """The arguments or the options, `--help` last."""
        return [
            parameter for parameter in self.get_params(ctx) if parameter.param_type_name == kind
        ]


class CommandGroup(TyperGroup):
    """Commands, listed under headings where they have some, none of them cut short."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write what `--help` lists."""
        panels: dict[str, list[tuple[str, str]]] = {panel: [] for panel in PANELS}
        for name in self.list_commands(ctx):
            command = self.get_command(ctx, name)
            if command is not None and not command.hidden:
                panel = getattr(command, "rich_help_panel", None) or "Commands"
                panels.setdefault(panel, []).append((name, _first_paragraph(command)))
        for panel, rows in panels.items():
            if rows:
                with formatter.section(panel):
                    formatter.write_dl(rows)


class GroupWithDefault(CommandGroup):
    """Commands of which one, `run`, may be left unsaid: `toile study s1-lab` runs a study."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put `run` before words that begin with no command."""
        if args and args[0] not in (*self.commands, "-h", "--help"):
            args = ["run", *args]
        return super().parse_args(ctx, args)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """The help of `run`, and the other commands."""
        run = self.commands["run"]
        run.format_help(type(ctx)(run, info_name=ctx.info_name, parent=ctx.parent), formatter)
        rows = [
            (f"{ctx.info_name} {name}", _first_paragraph(command))
            for name, command in self.commands.items()
            if name != "run"
        ]
        with formatter.section("Also"):
            formatter.write_dl(rows)


SHORT = {
    r" (<(list\[)?int( range)?\]?>|INTEGER( RANGE)?)(?=$|,)": " N",
    r" (<(list\[)?float( range)?\]?>|FLOAT( RANGE)?)(?=$|,)": " X",
    r" (<path>|PATH)(?=$|,)": " FILE",
    r" (<str>|TEXT)(?=$|,)": " TEXT",
}
"""What stands in a line of help for the type of an option's value."""


def _be_quiet(requested: bool) -> None:
    volume.quiet = volume.quiet or requested


def _be_verbose(requested: bool) -> None:
    volume.verbose = volume.verbose or requested


Quiet = Annotated[
    bool,
    typer.Option(
        "--quiet", "-q", callback=_be_quiet, help="Say no more than the result and what is wrong."
    ),
]
Verbose = Annotated[
    bool,
    typer.Option(
        "--verbose",
        "-v",
        callback=_be_verbose,
        help="Say also how long things take, and where an error comes from.",
    ),
]


@cache
def volume_options() -> list[Any]:
    """`-q` and `-v` as every command has them; none has to take them as arguments."""

    def options(quiet: Quiet = False, verbose: Verbose = False) -> None:
        pass

    # By typer's own hand, since what it makes an option of differs between its versions.
    app = typer.Typer(add_completion=False)
    app.command()(options)
    parameters = [
        parameter
        for parameter in typer.main.get_command(app).params
        if parameter.name in ("quiet", "verbose")
    ]
    for parameter in parameters:
        parameter.expose_value = False
    return parameters


def new_app(says: str, **named: Any) -> typer.Typer:
    """A group of commands, empty."""
    return typer.Typer(
        help=says,
        cls=named.pop("cls", CommandGroup),
        rich_markup_mode=None,
        # main prints a ToileError as one sentence; all else is a fault of ours and keeps Python's
        # own traceback.
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        **named,
    )


def _without_types(name: str, says: str, kind: str) -> tuple[str, str]:
    """A line of help; typer's versions write types as `<int range>`, `<str>` or INTEGER RANGE."""
    text = re.sub(r"\[0<=x<=1\]", "(from 0 to 1)", says)
    text = re.sub(r"\[x>=(\d+)\]", r"(\1 or more)", text)
    if kind == "argument":
        return name.partition(" <")[0], text
    for pattern, short in SHORT.items():
        name = re.sub(pattern, short, name)
    return name, text


def _first_paragraph(command: Any) -> str:
    return " ".join((command.help or "").split("\n\n")[0].split())
