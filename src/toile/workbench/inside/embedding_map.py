"""A run's validation images as points of a plane, by the last hidden layer."""

from toile.inspection import embedding
from toile.report import plane_figure
from toile.workbench.inside.inside_view import InsideView
from toile.workbench.inside.opened import InspectedRun


def view_embedding(opened: InspectedRun, way: str = "pca", seed: int = 0) -> InsideView:
    """All validation images as points of a plane, by `way`: pca or tsne.

    Values: `points` (n, 2), `features` (n, units), `labels`, `predicted`, `indices`.
    """
    held_out = opened.validation
    plane = embedding(opened.network, opened.batches(held_out.indices), way, seed)
    predicted = held_out.logits.argmax(1)
    wrong = int((predicted != held_out.labels).sum())
    record = {
        "run": opened.run.id, "way": way, "before": plane.before, "images": len(predicted),
        "units": plane.features.shape[1], "mistakes": wrong,
        "explained": None if plane.explained is None else list(plane.explained),
    }  # fmt: skip
    says = [
        (
            f"{len(predicted):,} validation images by the {plane.features.shape[1]} inputs of "
            f"{plane.before}, {wrong} of them predicted wrong"
        )
    ]
    if plane.explained is None:
        says.append("only neighbourhood has a meaning here; axes and distances have none")
        axes = ("", "")
    else:
        percentages = [f"{100 * fraction:.1f} %" for fraction in plane.explained]
        says.append(f"the two axes hold {percentages[0]} and {percentages[1]} of the variance")
        axes = (
            f"component 1, {percentages[0]} of the variance", f"component 2, {percentages[1]}",
        )  # fmt: skip
    title = f"Before {plane.before} of {opened.run.recipe.name}"
    return InsideView(
        record,
        {
            "points": plane.points, "features": plane.features, "labels": held_out.labels,
            "predicted": predicted, "indices": held_out.indices,
        },
        tuple(says),
        lambda narrow: plane_figure(
            plane.points, held_out.labels, predicted, held_out.indices, opened.class_names, axes,
            title, narrow,
        ),
    )  # fmt: skip
