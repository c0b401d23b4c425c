"""Objects as a notebook shows them."""

import re
import subprocess
import sys
from html.parser import HTMLParser

import pytest

import toile
from tests.conftest import bars
from toile.notebook import SHOWN
from toile.prediction import Classifier
from toile.report import notebook_html

STRANGE = ["<script>alert(1)</script>", 'a"b&c', "bottom"]
SETTINGS = {"training.batch_size": 16, "training.threads": 1, "data.validation": 30}


class Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags, self.texts, self.open = set(), [], 0
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        assert not any(name.startswith("on") for name, _ in attributes)

    def handle_data(self, data):
        self.texts.append(data)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("TOILE_CACHE", str(tmp_path_factory.mktemp("cache")))
        train, test = bars(90, 0), bars(30, 1)
        yield toile.Dataset.from_arrays(
            train.pixels, train.labels, test.pixels, test.labels, class_names=STRANGE
        )


@pytest.fixture(scope="module")
def study(data, tmp_path_factory):
    live = toile.study(
        "s1-lab",
        levels={name: {"network.conv1.filters": n} for n, name in enumerate(STRANGE, start=2)},
        readings=2,
        data=data,
        epochs=1,
        settings=SETTINGS,
        out=tmp_path_factory.mktemp("shown") / "study",
        on="inline",
    )
    return live.finish()


@pytest.fixture(scope="module")
def shown(data, study):
    runs = [toile.Run(one.folder) for one in study.readings]
    by_level = {name: runs[2 * n : 2 * n + 2] for n, name in enumerate(STRANGE)}
    compared = toile.compare(by_level)
    return {
        "Dataset": data,
        "Classifier": Classifier(**vars(runs[0].classifier())),
        "Plan": runs[0].plan,
        "Run": runs[0],
        "Verdict": study.verdict,
        "Comparison": compared,
        "StudyResult": study,
    }


def test_each_kind_that_is_told_of_is_shown_and_is_where_it_is_said_to_be(shown):
    assert {(type(one).__module__, name) for name, one in shown.items()} == set(SHOWN)


@pytest.mark.parametrize("kind", [name for _, name in SHOWN])
def test_no_name_of_others_becomes_html(kind, shown):
    html = notebook_html(shown[kind])
    found = Tags(html)
    assert "script" not in found.tags
    # The metadata of a drawing names its kind by an address, which nothing loads.
    assert not re.findall(r'(?:src|href)="(?!#|data:)', html)
    if kind not in ("Plan", "Run"):
        assert any(STRANGE[0] in text for text in found.texts)


def test_a_run_shows_its_score_with_the_interval_and_its_curves(shown):
    run = shown["Run"]
    html = notebook_html(run)
    assert f"{100 * run.score.value:.2f} % ({100 * run.score.low:.1f} to" in html
    assert "<svg" in html
    assert "Wilson's 95 % interval" in " ".join(Tags(html).texts)


def test_a_study_and_a_comparison_show_their_sentence(shown):
    for kind in ("StudyResult", "Comparison"):
        text = "".join(Tags(notebook_html(shown[kind])).texts)
        verdict = shown[kind].verdict
        assert toile.verdict_sentence(verdict) in text
        assert f"{100 * verdict.levels[0].mean:.2f} %" in text


def test_a_classifier_shows_its_classes_and_what_gets_no_answer(shown):
    run = shown["Run"]
    text = " ".join(Tags(notebook_html(run.classifier())).texts)
    assert f"Classifier {run.classifier().name}" in text
    assert "30 sealed" in text
    assert "no bounds are known, so every picture gets an answer" in text


def test_a_run_that_has_not_begun_says_so(data, tmp_path):
    live = toile.begin("s1-lab", data=data, settings=SETTINGS, out=tmp_path / "run")
    assert "The run has not ended its first epoch." in notebook_html(live.run)
    (live.run.folder / "data.json").write_text("{}")
    assert "data.json is damaged" in notebook_html(live.run)


def test_a_listing_of_runs_imports_nothing_that_draws(shown):
    code = (
        "import sys, IPython.core.interactiveshell as shell\n"
        "ip = shell.InteractiveShell.instance()\n"
        "import toile\n"
        f"runs = [toile.open_run(folder) for folder in {[str(shown['Run'].folder)] * 3}]\n"
        "print(len(runs), 'matplotlib' in sys.modules, 'torch' in sys.modules)\n"
        "html, _ = ip.display_formatter.format(runs[0])\n"
        "print('<svg' in html['text/html'], 'matplotlib' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-2:] == ["3 False False", "True True"]
