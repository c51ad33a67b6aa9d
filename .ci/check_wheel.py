"""A wheel holds what it must, and nothing else: `check_wheel.py WHEEL`, in a clone."""

import sys
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from zipfile import ZipFile

ROOT = Path(__file__).parents[1]
SUFFIX = EXTENSION_SUFFIXES[0]
# Most that it may take, in bytes: far more means that something came along by mistake.
LARGEST = 8 << 20


def expected() -> set[str]:
    """Return the paths that a wheel of this clone has, but for its metadata."""
    package = ROOT / "centnn"
    kept = ("*.py", "*.pyi", "*.pxd", "py.typed", "photo.bin", "FORMAT.md")
    files = [path for pattern in kept for path in package.rglob(pattern)]
    files += (path.with_suffix(SUFFIX) for path in package.rglob("*.pyx"))
    files.append((package / "_cyutility").with_suffix(SUFFIX))
    names = {path.relative_to(ROOT).as_posix() for path in files}
    core = {path for path in (ROOT / "csrc").rglob("*") if path.is_file()}
    return names | {"centnn/" + path.relative_to(ROOT).as_posix() for path in core}


def main(wheel: str) -> None:
    """Compare, and exit with a message unless they agree."""
    names = {name for name in ZipFile(wheel).namelist() if ".dist-info/" not in name}
    missing, unexpected = expected() - names, names - expected()
    if missing or unexpected:
        sys.exit(f"{wheel}: missing {sorted(missing)}, unexpected {sorted(unexpected)}")
    size = Path(wheel).stat().st_size
    if size > LARGEST:
        sys.exit(f"{wheel} has {size} bytes, more than {LARGEST}")
    print(f"{wheel}: {len(names)} files, {size} bytes")


main(*sys.argv[1:])
