"""`toile baselines`."""


def test_of_a_run_they_stand_beside_its_network(toile, among_runs):
    answer = toile("baselines", among_runs.name)
    assert answer.code == 0, answer.errors
    assert "the network is better by" in answer.output
    assert "one nearest neighbour" in answer.output
    assert f"the network of {among_runs.name}" in answer.output
    assert "fitted to all" in answer.output
    assert "Beside simple classifiers" in (among_runs / "report.html").read_text()


def test_of_data_they_stand_alone(toile, few_garments):
    words = ("--set=data.size_px=7", "--set=data.validation=120")
    answer = toile("baselines", str(few_garments), *words)
    assert answer.code == 0, answer.errors
    assert "better by" not in answer.output
    found = toile("baselines", str(few_garments), *words, "--json").json
    assert found["run"] is None
    assert [score["name"] for score in found["scores"]] == [
        "commonest class", "one nearest neighbour", "random forest", "logistic regression",
    ]  # fmt: skip


def test_what_is_neither_is_refused(toile):
    answer = toile("baselines", "nothing-like-it")
    assert answer.code == 2
    assert "nothing-like-it" in answer.errors


def test_settings_of_training_are_refused(toile, few_garments):
    answer = toile("baselines", str(few_garments), "--set=training.epochs=3")
    assert answer.code == 2
    assert "training.epochs is no setting of data" in answer.errors
