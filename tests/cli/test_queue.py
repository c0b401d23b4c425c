import pytest

from toile.executors import TrainingQueue
from toile.recipe import Recipe, read_recipe


@pytest.fixture
def queue(tmp_path, monkeypatch):
    """A queue in which nothing has begun, that of the commands too."""
    monkeypatch.setenv("TOILE_RUNS", str(tmp_path / "runs"))
    return TrainingQueue(tmp_path / "runs")


def added(queue, *names):
    return [queue.add(Recipe.preset("s1-lab").replace(name=name)).id for name in names]


def test_what_waits_is_listed_in_order_and_moved(toile, queue):
    first, second = added(queue, "anna", "berta")
    assert [job["id"] for job in toile("queue", "--json").json["jobs"]] == [first, second]
    shown = toile("queue", "move", "berta", "1").output
    assert shown.index("berta") < shown.index("anna")
    assert [job.id for job in queue.jobs()] == [second, first]


def test_a_training_is_taken_out_by_a_part_of_its_name(toile, queue):
    first, second = added(queue, "anna", "berta")
    assert toile("queue", "remove", first[-4:]).output == f"{first} is out of the queue\n"
    assert [job.id for job in queue.jobs()] == [second]
    refused = toile("queue", "remove", "clara")
    assert refused.code == 2
    assert "clara is not in the queue; toile queue lists them" in refused.errors


def test_an_empty_queue_says_how_it_is_filled(toile, queue):
    assert "toile queue add quick adds one" in toile("queue").output


def test_what_cannot_begin_is_said_when_the_queue_has_run(toile, queue, tmp_path):
    queue.add(Recipe.preset("s1-lab").replace({"data.name": str(tmp_path / "nothing.zip")}))
    answer = toile("queue", "run")
    assert answer.code == 2
    assert "could not begin" in answer.errors
    assert "nothing.zip" in answer.errors


def test_what_waits_is_named_by_where_it_lies_and_cannot_be_stopped(
    toile, queue, few_garments, monkeypatch
):
    monkeypatch.chdir(few_garments.parent)
    monkeypatch.setattr(TrainingQueue, "advance", lambda queue: None)
    assert toile("queue", "add", "s1-lab", f"--data={few_garments.name}").code == 0
    (job,) = queue.jobs()
    kept = queue.folder / job.id / "recipe.yaml"
    assert read_recipe(str(kept), {}).data.name == str(few_garments)
    stopped = toile("queue", "stop", job.id)
    assert stopped.code == 2
    assert "is not being trained, it is waiting; take it out instead" in stopped.errors
