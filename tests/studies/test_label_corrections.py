"""A study of before and after: what correcting labels was worth, on labels nobody corrected."""

import shutil

import numpy as np
import pytest

import toile
from tests.conftest import bars
from toile.cli.study_words import summary
from toile.data import CORRECTIONS_FILE, corrections_text, load_data, name_corrections
from toile.files import write_json
from toile.report.study_page.findings import corrected_sections
from toile.runs import Run, bundle_run, load_arrays, same_data
from toile.runs.tensors import save_arrays
from toile.studies import corrected_scores, open_study, study_summary

# Every sixth label is another kind's: enough to be in both parts.
WRONG = list(range(0, 240, 6))


@pytest.fixture(scope="module")
def noisy(tmp_path_factory):
    """Bars of three kinds with wrong labels, and the file that corrects them."""
    folder = tmp_path_factory.mktemp("noisy")
    images, test = bars(240, seed=5), bars(30, seed=6)
    labels = images.labels.copy()
    labels[WRONG] = (labels[WRONG] + 1) % 3
    parts = {"x_train": images.pixels[:, 0], "y_train": labels}
    np.savez(folder / "bars.npz", **parts, x_test=test.pixels[:, 0], y_test=test.labels)
    rows = name_corrections(
        load_data(folder / "bars.npz"), {at: str(images.labels[at]) for at in WRONG}, "planted"
    )
    (folder / "fixes.csv").write_text(corrections_text(rows))
    return folder


@pytest.fixture(scope="module")
def ask(noisy, small):
    def study(folder, **more):
        recipe = small(epochs=4, name=str(noisy / "bars.npz"), size_px=None, validation=60)
        values = {"data.corrections": {"before": "off", "after": str(noisy / "fixes.csv")}}
        return toile.study(recipe, vary=values, out=folder, on="inline", **more)

    return study


@pytest.fixture(scope="module")
def folder(tmp_path_factory, ask):
    folder = tmp_path_factory.mktemp("studies") / "cleaning"
    ask(folder, readings=2).finish()
    return folder


def runs_of(folder, level):
    return [Run(folder / "readings" / f"{level}-{number}") for number in (1, 2)]


def test_both_levels_score_on_the_labels_that_the_data_has(folder, noisy):
    stored = load_data(noisy / "bars.npz").train.labels
    for run in (*runs_of(folder, "before"), *runs_of(folder, "after")):
        assert np.array_equal(run.validation.labels, stored[run.validation.indices])
        right = run.predictions == stored[run.validation.indices]
        assert run.score.value == right.mean()
    assert open_study(folder).verdict is not None


def test_the_run_remembers_both_fingerprints_and_what_was_corrected(folder, noisy):
    before, after = (runs_of(folder, level)[0].data for level in ("before", "after"))
    assert before.corrections is None
    assert after.fingerprint != before.fingerprint == after.original_fingerprint
    assert (after.order, after.test_fingerprint) == (before.order, before.test_fingerprint)
    assert after.corrections.train + after.corrections.validation == len(WRONG)
    assert after.corrections.file == "fixes.csv"


def test_accuracy_by_corrected_labels_stands_apart(folder, noisy):
    (scores,) = corrected_scores(open_study(folder))
    truth = bars(240, seed=5).labels
    assert (scores.level, scores.corrections) == ("after", len(WRONG))
    for row in scores.rows:
        runs = runs_of(folder, row.level)
        indices = runs[0].validation.indices
        wrong = np.isin(indices, WRONG)
        assert scores.scored == wrong.sum() > 0
        answers = np.array([run.predictions for run in runs])
        labels = runs[0].validation.labels
        assert row.corrected_accuracy == pytest.approx((answers == truth[indices]).mean())
        assert row.accuracy == pytest.approx((answers == labels).mean())
        assert row.old == pytest.approx((answers == labels)[:, wrong].mean())
        assert row.new == pytest.approx((answers == truth[indices])[:, wrong].mean())
    summary = study_summary(open_study(folder))["corrections"]
    assert summary[0]["rows"][1]["level"] == "after"


def test_readings_that_score_on_other_images_are_counted_together(folder, tmp_path):
    copy = shutil.copytree(folder, tmp_path / "study")
    first, second = runs_of(copy, "after")
    # As in folds: no corrected label is among the first's.
    keep = ~np.isin(first.validation.indices, WRONG)
    arrays = load_arrays(first.folder / "validation.safetensors").arrays
    kept = {name: array[keep] for name, array in arrays.items()}
    save_arrays(first.folder / "validation.safetensors", kept)
    facts = first.data.to_json()
    facts["validation"] = int(keep.sum())
    facts["train"] += int((~keep).sum())
    facts["corrections"]["train"] += 3
    write_json(first.folder / "data.json", facts)
    (scores,) = corrected_scores(open_study(copy))
    (row,) = [row for row in scores.rows if row.level == "after"]
    assert scores.scored == (~keep).sum()
    assert f"{scores.train:,} to {scores.train + 3:,}, by reading, were learnt" in scores.sentence
    right = [run.predictions == run.validation.labels for run in (Run(first.folder), second)]
    assert row.accuracy == np.concatenate(right).mean() != np.mean([each.mean() for each in right])
    assert row.old == right[1][~keep].mean()
    assert row.new + row.old <= 1


def test_that_networks_chose_labels_is_said_only_of_suspects(folder, tmp_path):
    (scores,) = corrected_scores(open_study(folder))
    assert scores.suspected == 0
    assert "networks" not in scores.sentence
    copy = shutil.copytree(folder, tmp_path / "study")
    for run in runs_of(copy, "after"):
        file = run.folder / CORRECTIONS_FILE
        file.write_text(file.read_text().replace("planted", "confident learning", 7))
    (scores,) = corrected_scores(open_study(copy))
    assert "7 of them were chosen because networks disagreed" in scores.sentence
    assert "tend to score higher" in scores.sentence


def test_the_terminal_and_the_report_show_it(folder):
    result = open_study(folder)
    (section,) = corrected_sections(result)
    for said in (summary(result), *section.words):
        assert "after corrects 40 labels" in said
    (scores,) = corrected_scores(result)
    mean = f"{100 * scores.rows[0].corrected_accuracy:.2f} %"
    assert mean in summary(result)
    assert section.tables[0].texts[0][2] == mean


def test_one_look_serves_both_levels_for_no_test_label_was_corrected(folder, tmp_path):
    copy = shutil.copytree(folder, tmp_path / "study")
    opened = toile.open_study_test(open_study(copy), "the study is done")
    assert len(opened.test.accuracies) == 4


def test_a_run_is_read_again_by_its_own_copy_and_travels_with_it(folder, noisy, tmp_path):
    run = Run(shutil.copytree(folder / "readings" / "after-1", tmp_path / "after"))
    dataset = same_data(run)
    assert dataset.corrections.path == run.folder / CORRECTIONS_FILE
    assert dataset.fingerprint == run.data.fingerprint
    bundle = bundle_run(run, tmp_path / "after.zip")
    copied, _ = toile.import_bundle(bundle, tmp_path / "elsewhere")
    assert copied.recipe.data.corrections == CORRECTIONS_FILE
    assert same_data(copied, data=noisy / "bars.npz").fingerprint == run.data.fingerprint


def test_a_file_that_was_changed_between_readings_leaves_no_verdict(folder, tmp_path):
    copy = shutil.copytree(folder, tmp_path / "study")
    facts = copy / "readings" / "after-2" / "data.json"
    write_json(facts, Run(facts.parent).data.to_json() | {"fingerprint": "f" * 64})
    result = open_study(copy)
    assert result.verdict is None
    assert "level after learnt by different correction files" in result.unlike
