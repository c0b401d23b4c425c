"""The last hidden layer of a run's validation images in a plane."""

from toile.inspection import embedding
from toile.report import plane_figure
from toile.workbench.inside.finding import InsideView
from toile.workbench.inside.opened import InspectedRun


def view_embedding(opened: InspectedRun, way: str = "pca", seed: int = 0) -> InsideView:
    """All validation images as points by `way`, pca or tsne.

    Values: `points` (n, 2), `features` (n, units), `labels`, `predicted`, `indices`.
    """
    held_out = opened.run.validation
    found = embedding(opened.network, opened.batches(held_out.indices), way, seed)
    predicted = held_out.logits.argmax(1)
    wrong = int((predicted != held_out.labels).sum())
    record = {
        "run": opened.run.id, "way": way, "before": found.before, "images": len(predicted),
        "units": found.features.shape[1], "mistakes": wrong,
        "explained": None if found.explained is None else list(found.explained),
    }  # fmt: skip
    says = [
        (
            f"{len(predicted):,} validation images by the {found.features.shape[1]} numbers before "
            f"{found.before}, {wrong} of them answered wrongly"
        )
    ]
    if found.explained is None:
        says.append("only who is beside whom has a meaning here; axes and distances have none")
        axes = ("", "")
    else:
        shares = [f"{100 * one:.1f} %" for one in found.explained]
        says.append(f"the two axes hold {shares[0]} and {shares[1]} of the variance")
        axes = (
            f"component 1, {shares[0]} of the variance", f"component 2, {shares[1]}",
        )  # fmt: skip
    title = f"Before {found.before} of {opened.run.recipe.name}"
    return InsideView(
        record,
        {
            "points": found.points, "features": found.features, "labels": held_out.labels,
            "predicted": predicted, "indices": held_out.indices,
        },
        tuple(says),
        lambda narrow: plane_figure(
            found.points, held_out.labels, predicted, held_out.indices, opened.class_names, axes,
            title, narrow,
        ),
    )  # fmt: skip
