"""The README's lines of Python do what they say."""

import re
from pathlib import Path

import numpy as np

README = Path(__file__).parents[1] / "README.md"


def test_first_lines(capsys):
    random = np.random.default_rng(0)
    names = {
        "X": random.random((1000, 4), np.float32),
        "img": random.integers(0, 256, (160, 240, 3), np.uint8),
    }
    lines = re.search(r"```python\n(.*?)```", README.read_text(), re.DOTALL).group(1)
    exec(lines, names)
    assert float(capsys.readouterr().out) > 20
    assert names["codes"].shape == (1000,)
    assert names["X_hat"].shape == (1000, 4)
    assert names["img_hat"].shape == (160, 240, 3)
    assert names["img_hat"].dtype == np.uint8
