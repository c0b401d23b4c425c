"""How the help lists commands, and the options that every command has."""

import re
from functools import cache
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from toile.cli.terminal import volume

PANELS = ("Data", "Build", "Train", "Judge", "Compare", "Keep", "Take away")
"""The headings of commands in `toile --help`, in order."""


class Command(TyperCommand):
    """A command with `--quiet` and `--verbose`."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.params += volume_options()

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the arguments and options of `--help`, without Python's types."""
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
    """Commands, listed under their headings, with full descriptions."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list of commands in `--help`."""
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
    """Commands whose default is `run`: `toile study s1-lab` is `toile study run s1-lab`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put `run` before arguments that do not begin with a command."""
        if args and args[0] not in (*self.commands, "-h", "--help"):
            args = ["run", *args]
        return super().parse_args(ctx, args)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help of `run` and the list of the other commands."""
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
"""What a line of help shows for the type of an option's value."""


def _be_quiet(requested: bool) -> None:
    volume.quiet = volume.quiet or requested


def _be_verbose(requested: bool) -> None:
    volume.verbose = volume.verbose or requested


Quiet = Annotated[
    bool,
    typer.Option("--quiet", "-q", callback=_be_quiet, help="Print only the result and errors."),
]
Verbose = Annotated[
    bool,
    typer.Option(
        "--verbose",
        "-v",
        callback=_be_verbose,
        help="Print also how long things take, and where an error comes from.",
    ),
]


@cache
def volume_options() -> list[Any]:
    """`-q` and `-v`, which every command has without declaring them."""

    def options(quiet: Quiet = False, verbose: Verbose = False) -> None:
        pass

    # Made by typer itself, since its class of options differs between versions.
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
    """An empty group of commands."""
    return typer.Typer(
        help=says,
        cls=named.pop("cls", CommandGroup),
        rich_markup_mode=None,
        # main prints a ToileError as one sentence; any other error is a bug of ours and keeps
        # Python's traceback.
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        **named,
    )


def _without_types(name: str, says: str, kind: str) -> tuple[str, str]:
    """A line of help with short types; typer writes `<int range>`, `<str>` or INTEGER RANGE."""
    text = re.sub(r"\[0<=x<=1\]", "(from 0 to 1)", says)
    text = re.sub(r"\[x>=(\d+)\]", r"(\1 or more)", text)
    if kind == "argument":
        return name.partition(" <")[0], text
    for pattern, short in SHORT.items():
        name = re.sub(pattern, short, name)
    return name, text


def _first_paragraph(command: Any) -> str:
    return " ".join((command.help or "").split("\n\n")[0].split())
