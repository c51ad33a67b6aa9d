import subprocess
import sys


def test_import_loads_nothing_heavy():
    program = (
        "import sys, centnn; heavy = ('cv2', 'sklearn', 'matplotlib', 'skimage', 'scipy'); "
        "print([name for name in heavy if name in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"
