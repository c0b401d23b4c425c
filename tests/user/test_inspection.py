"""The Python of docs/inspect.md, as it stands there."""

import re
from pathlib import Path

import toile

PAGE = Path(__file__).parents[2] / "docs" / "inspect.md"
SMALL = {"network.conv1.filters": 4, "training.threads": 1}


def test_the_code_of_the_page_runs(few_garments):
    (block,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    toile.train("s0-cnn", few_garments, epochs=1, settings=SMALL)
    names = {}
    exec(block.replace('"fashion-mnist"', repr(str(few_garments))), names)
    assert names["maps"].shape[:2] == (1, 4)
    assert names["explained"].errors.shape == (4,)
    assert 0 <= names["census"].dead_fraction < 1
    assert names["top"].indices.shape == (4, 9)
