"""`toile data augment`, as a person types it."""

import numpy as np


def test_a_set_is_written_said_and_trained_on(toile, few_garments, tmp_path):
    command = ["data", "augment", str(few_garments), "--count=960", "--set=augmentation.shift=1"]
    answer = toile(*command, "--out=set.npz")
    assert answer.code == 0
    assert answer.output.startswith(
        "wrote set.npz: an augmented set: 960 variants of 480 training pictures of garments.npz "
    )
    assert "of its parent: validation: 5000 asked of 600 images; took 120" in answer.output
    record = toile(*command, "--out=set-2.npz", "--json").json
    assert (record["num_variants"], record["num_validation"], record["file"]) == (
        960,
        120,
        "set-2.npz",
    )
    with np.load(tmp_path / "set.npz") as arrays:
        assert arrays["x_train"].shape == (960, 28, 28)
    shown = toile("data", "show", "set.npz").output
    assert "note: an augmented set: 960 variants" in shown


def test_an_existing_file_and_augmentation_that_is_off_are_refused(toile, few_garments, tmp_path):
    (tmp_path / "set.npz").touch()
    command = ["data", "augment", str(few_garments), "--count=960"]
    answer = toile(*command, "--out=set.npz", "--set=augmentation.shift=1")
    assert (answer.code, (tmp_path / "set.npz").read_bytes()) == (2, b"")
    assert "set.npz is there already" in answer.errors
    answer = toile(*command, "--out=other.npz")
    assert answer.code == 2
    assert "augmentation is off (no recipe is named)" in answer.errors
    answer = toile(*command, "--out=other.npz", "--recipe=s1-lab")
    assert "augmentation is off (s1-lab varies nothing)" in answer.errors


def test_a_fold_is_said_where_one_is_held_out(toile, few_garments):
    command = ["data", "augment", str(few_garments), "--count=600", "--set=augmentation.shift=1"]
    answer = toile(*command, "--out=set.npz", "--set=data.folds=5", "--set=data.fold=1")
    assert "120 pictures held out by data.fold 1 of data.folds 5 and data.split 0" in answer.output
