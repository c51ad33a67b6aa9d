import os
import signal
from pathlib import Path

import pytest

pytest.register_assert_rewrite("ctrl_c", "local_checks")


@pytest.fixture(scope="session")
def data_dir():
    """Return the folder of test pictures and sets, or skip."""
    folder = os.environ.get("CENTNN_DATA")
    if folder is None:
        pytest.skip("CENTNN_DATA is not set: no folder of test data")
    return Path(folder)


@pytest.fixture(scope="session")
def lena_128(data_dir):
    """Return the grey 128x128 picture of the reference experiments."""
    import cv2

    picture = cv2.imread(str(data_dir / "images" / "lena.png"), cv2.IMREAD_GRAYSCALE)
    return cv2.resize(picture, (128, 128))


@pytest.fixture
def own_folder(tmp_path, monkeypatch):
    """Work in an empty folder."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True, scope="session")
def hear_ctrl_c():
    """Undo what shells do to jobs in the background: there, Ctrl-C is ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
