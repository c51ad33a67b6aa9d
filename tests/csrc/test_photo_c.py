"""Photo mode's C decoder without Python: the example program, and damaged files."""

import os
import shutil
import subprocess
from importlib.resources import files
from pathlib import Path

import cv2
import numpy as np
import pytest

from centnn.image import photo

HERE = Path(__file__).parent
CSRC = HERE.parent.parent / "csrc"
RESOURCE = files("centnn.image").joinpath("photo.bin")
SANITIZERS = ["-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler called cc")


def compiled(program, target, flags=()):
    sources = [*sorted(CSRC.glob("photo/*.c")), CSRC / "crc32.c", program]
    command = ["cc", "-std=c11", *flags, f"-I{CSRC}", *sources, "-lm", "-o", target]
    subprocess.run(command, check=True)
    return target


def pictures():
    """Yield small pictures, (H, W, channels), and whether Cb and Cr are to be halved."""
    random = np.random.default_rng(0)
    for height, width, channels, halved in [
        (24, 40, 1, False),
        (35, 51, 3, True),
        (9, 33, 3, False),
    ]:
        y, x = np.mgrid[:height, :width]
        tiles = np.repeat(((x // 5 + y // 7) % 2 * 255)[:, :, None], channels, axis=2)
        noise = random.integers(0, 256, tiles.shape)
        for picture in (tiles, noise, (3 * tiles + noise) // 4):
            yield picture.astype(np.uint8), halved


# As it is, and as on a processor without vectors that are used here.
@pytest.fixture(scope="module", params=[[], ["-U__SSE2__"]], ids=["as it is", "plain"])
def example(request, tmp_path_factory):
    """Build the example with no flag but the language."""
    folder = tmp_path_factory.mktemp("example")
    return compiled(CSRC / "example" / "photo_to_ppm.c", folder / "photo_to_ppm", request.param)


def run(program, *arguments):
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("instructions", ["scalar", "avx2"])
def test_the_example_decodes(monkeypatch, example, instructions, tmp_path):
    monkeypatch.setenv("CENTNN_ISA", instructions)
    for pixels, halved in pictures():
        data = photo.code(pixels, None, photo.step_of(70), halved=halved)
        (tmp_path / "photo.cvq").write_bytes(data)
        done = run(example, RESOURCE, tmp_path / "photo.cvq", tmp_path / "photo.ppm")
        assert (done.returncode, done.stderr) == (0, "")
        found = cv2.imread(str(tmp_path / "photo.ppm"), cv2.IMREAD_UNCHANGED)
        expected = photo.unpack(data, 1 << 20)
        assert np.array_equal(found if found.ndim == 2 else found[:, :, ::-1], expected)


def test_the_example_says_what_is_wrong(example, tmp_path):
    data = photo.code(next(pictures())[0], None, 64)
    for damaged, message in [
        (b"", "not a .cvq file"),
        (data[:-1], "truncated"),
        (data[:-9] + bytes([data[-9] ^ 1]) + data[-8:], "checksum"),
        (data[:9] + b"none" + data[13:], "other codebooks"),
    ]:
        (tmp_path / "photo.cvq").write_bytes(damaged)
        done = run(example, RESOURCE, tmp_path / "photo.cvq", tmp_path / "photo.ppm")
        assert done.returncode == 1
        assert done.stderr.startswith(f"photo_to_ppm: {tmp_path}")
        assert message in done.stderr
    assert "other codebooks" in run(example, HERE / "oracle.c", "in", "out").stderr
    assert "cannot be opened" in run(example, tmp_path / "none", "in", "out").stderr
    assert "usage" in run(example).stderr


@pytest.mark.skipif("CENTNN_FUZZ_RUNS" not in os.environ, reason="CENTNN_FUZZ_RUNS is not set")
def test_damaged_files(tmp_path, monkeypatch):
    monkeypatch.setattr(photo, "LEAST_UNITS", 1)
    for i, (pixels, halved) in enumerate(pictures()):
        monkeypatch.setattr(photo, "BAND_PIXELS", 256 if i % 2 else 1 << 20)
        monkeypatch.setattr(photo, "SCANS_FROM", 1 << 20 if i % 3 else 0)
        alpha = pixels[:, :, 0] if i % 4 == 3 else None
        data = photo.code(pixels, alpha, photo.step_of(60), halved=halved)
        (tmp_path / f"{i}.cvq").write_bytes(data)
    program = compiled(HERE / "fuzz_photo.c", tmp_path / "fuzz_photo", SANITIZERS)
    runs = os.environ["CENTNN_FUZZ_RUNS"]
    done = run(program, RESOURCE, runs, "0", *sorted(tmp_path.glob("*.cvq")))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"{runs} runs, ")
