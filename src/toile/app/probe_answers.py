"""Time and memory of a training, and the layers it copies, in the process that computes."""

from toile.app.computing import Question, Tell


def probe_recipe(question: Question, content: bytes, tell: Tell) -> Question:
    """Seconds per epoch and memory of a training, with one thread, as the queue begins it."""
    from toile.recipe import plan_network, read_recipe_text, with_settings
    from toile.training import prepare_torch, probe, resolve

    tell(0, None, "loading torch, then a few steps on made-up pictures")
    recipe = read_recipe_text(question["recipe"], "the recipe")
    if recipe.training.threads == "auto":
        recipe = with_settings(recipe, {"training.threads": 1})
    channels, height, width = question["shape"]
    plan = plan_network(recipe.network, (channels, height, width), question["classes"])
    resolved = resolve(recipe, plan)
    prepare_torch(resolved.training)
    measured = probe(resolved, plan, question["num_images"])
    return {
        "seconds_per_epoch": measured.seconds_per_epoch,
        "memory_bytes": measured.memory_bytes,
        "num_images": question["num_images"],
        "threads": resolved.training.threads,
    }


def preview_start(question: Question, content: bytes, tell: Tell) -> Question:
    """The layers that a recipe copies from the run it starts from, and those it freezes."""
    from toile.recipe import plan_network, read_recipe_text
    from toile.runs import start_weights

    recipe = read_recipe_text(question["recipe"], "the recipe")
    assert recipe.training.start is not None
    channels, height, width = question["shape"]
    plan = plan_network(recipe.network, (channels, height, width), question["classes"])
    _, start = start_weights(recipe.training.start, plan)
    return {"copied": list(start.copied), "frozen": list(start.frozen)}
