"""Takes each network of write_networks.py from file to an export: python read_networks.py FOLDER.

Imported, evaluated, its dead units counted, pruned, the pruned one exported as ONNX and asked by
ONNX Runtime, all by the command line; a line of a table for each.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
POINTS = 0.3


def main(folder: Path) -> None:
    """Print a row for each file of a network in `folder`."""
    files = sorted(file for file in folder.iterdir() if file.suffix != ".npz")
    print("| file | its pixels | accuracy | dead | cut | change | ONNX Runtime |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as workspace:
        for file in files:
            cells = take_along(file.resolve(), Path(workspace))
            print(f"| {file.name} | {' | '.join(cells)} |", flush=True)


def take_along(file: Path, workspace: Path) -> list[str]:
    """What each step says of the network in `file`, in words."""
    recipe = [f"--recipe={HERE / 'network.yaml'}"] if file.suffix == ".safetensors" else []
    imported = toile(workspace, "import", str(file), "--data=fashion-mnist", *recipe)
    run = Path(imported["run"]).name
    census = toile(workspace, "inspect", "census", run)
    pruned = toile(workspace, "inspect", "prune", run, f"--until-cost={POINTS}", "--by=taylor")
    num_cut = sum(map(len, pruned["removed"].values()))
    cut_run = Path(pruned["run"]).name
    exported = toile(workspace, "export", cut_run, "--to=onnx")
    before, after = pruned["parameters"]
    return [
        imported["chosen"]["scaling"],
        _interval(imported["score"]),
        f"{census['dead_share']:.2%}",
        f"{num_cut} channels, {before:,} to {after:,} parameters",
        _interval(pruned["difference"], "+"),
        f"{exported['max_difference']:.0e} off",
    ]


def _interval(estimate: dict[str, float], sign: str = "") -> str:
    value, low, high = (f"{100 * estimate[key]:{sign}.2f}" for key in ("value", "low", "high"))
    return f"{value} % ({low} to {high})"


def toile(workspace: Path, *words: str) -> Any:
    """What a command says with --json."""
    done = subprocess.run(
        ["toile", *words, "--json"], cwd=workspace, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"toile {' '.join(words)}: {done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
