import subprocess
import sys


def test_import_loads_nothing_heavy(tmp_path):
    program = (
        "import sys, centnn; heavy = ('cv2', 'sklearn', 'matplotlib', 'skimage', 'scipy'); "
        "print([name for name in heavy if name in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,  # not the source tree, which would be imported instead
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.strip() == "[]"
