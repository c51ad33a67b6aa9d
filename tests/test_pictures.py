"""Pictures in and out."""

import os
import threading
from pathlib import Path

import cv2
import pytest
from command_line import picture

from centnn.cli import pictures

pytestmark = pytest.mark.usefixtures("own_folder")


def test_standard_error_comes_back_after_threads_that_overlap(monkeypatch):
    """The second one in kept, and in the end put back, what the first had put there."""
    picture("in.png", (8, 8, 3))
    second_is_in, first_is_out = threading.Event(), threading.Event()
    second = threading.Thread(target=pictures.read_picture, args=[Path("in.png")])
    real = cv2.imdecode

    def imdecode(*arguments):
        if threading.current_thread() is second:
            second_is_in.set()
            first_is_out.wait(60)
        elif not second_is_in.is_set():
            second.start()
            second_is_in.wait(60)
        return real(*arguments)

    monkeypatch.setattr(cv2, "imdecode", imdecode)
    before = os.fstat(2)
    pictures.read_picture(Path("in.png"))
    first_is_out.set()
    second.join()
    assert os.path.samestat(os.fstat(2), before)
