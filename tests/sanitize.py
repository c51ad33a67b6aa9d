"""The extension modules and the C core under a sanitizer, or valgrind: nothing may be reported.

    python3 tests/sanitize.py address|undefined|thread|valgrind [PYTEST ARGUMENT]...

`address` and `undefined` (gcc) build a copy of the clone into an environment of its own,
.venv-NAME, and run the suite there; `thread` the tests in which several threads work, with clang,
its OpenMP and Archer (Debian: clang, libomp-dev), which tells ThreadSanitizer of OpenMP's barriers.
`valgrind` runs the C example programs as their tests do, in the environment at hand. Arguments,
names of tests in the clone, are run instead.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
MINUTES = 120  # after which a run is ended

FLAGS = {
    "address": "-fsanitize=address",
    "undefined": "-fsanitize=undefined,float-cast-overflow -fno-sanitize-recover=all",
    # Without the runtime: of clang's, the one that could be loaded first crashes. GCC's will do.
    "thread": "-fsanitize=thread",
    "valgrind": "",
}
COMPILERS = {"address": "gcc", "undefined": "gcc", "thread": "clang", "valgrind": "gcc"}
# What has to be there before Python is; C++ is, so that exceptions in its modules are seen.
RUNTIMES = {
    "address": ("libasan.so", "libstdc++.so"),
    "undefined": ("libubsan.so", "libstdc++.so"),
    "thread": ("libtsan.so", "libstdc++.so"),
    "valgrind": (),
}
# What only looks at text, or starts builds and tools; random examples are many and slow.
LEFT_OUT = ("bench", "docstrings", "properties", "readme", "stubs")
# These take memory and time themselves, and have symbols of their own: not what measures or limits
# memory, replaces malloc(), has to end within a second, or looks at what a library exports.
NOT_MEASURED = ["-k", "not memory and not ctrl_c and not ended_at_once and not symbols"]
THREADED = (
    *("digests", "group", "local", "palette", "partial_fit", "photo", "product"),
    *("quantizer", "rounds", "search", "threads", "worklist"),
)
PROGRAMS = ("csrc/test_core_files.py", "csrc/test_core_library.py", "csrc/test_photo_c.py")

COMPILER = """#!/bin/sh
unset LD_PRELOAD
exec {compiler} "$@" -O1 -g -fno-omit-frame-pointer {flags}
"""
# Programs, but not libraries, become scripts that start them in valgrind.
WITH_VALGRIND = """#!/bin/sh
{compiler} "$@" -O1 -g || exit
case " $* " in *" -o "*) ;; *) exit 0 ;; esac
case " $* " in *" -shared "* | *" -c "*) exit 0 ;; esac
while test "$1" != -o; do shift; done
program=$(realpath "$2").program
mv "$2" "$program"
cat > "$2" <<END
#!/bin/sh
exec valgrind --quiet --leak-check=full --log-file='{logs}/report.%p' --error-exitcode=99 \
  --errors-for-leak-kinds=definite,possible "$program" "\\$@"
END
chmod +x "$2"
"""


def options(name, logs):
    """Return the variables that set up a sanitizer; its reports go to a folder."""
    common = f"log_path={logs / 'report'}:exitcode=99"
    return {
        # What Python itself leaves at its end is no error, so reports do not change the exit code.
        # Of leaks, those are told apart that malloc() was called for directly; for Python's objects
        # see tests/csrc/test_memory.py.
        "address": {
            "ASAN_OPTIONS": f"{common}:detect_leaks=1:verify_asan_link_order=0"
            ":allocator_may_return_null=1",
            "LSAN_OPTIONS": "exitcode=0",
            "PYTHONMALLOC": "malloc",
        },
        "undefined": {"UBSAN_OPTIONS": f"{common}:print_stacktrace=1"},
        "thread": {
            "TSAN_OPTIONS": f"{common}:ignore_noninstrumented_modules=1:history_size=7",
            "OMP_TOOL_LIBRARIES": archer() if name == "thread" else "",
            "OMP_NUM_THREADS": "4",
            "OMP_WAIT_POLICY": "passive",  # there may be fewer cores
        },
        "valgrind": {},
    }[name]


def run(*command, **more):
    return subprocess.run([str(part) for part in command], check=True, **more)


def copy_of_the_clone(folder):
    """Copy what git knows, so that no other build is in the way."""
    listed = run("git", "ls-files", "-z", cwd=TOP, capture_output=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(TOP / name, folder / name)


def make_compiler(name, folder, logs):
    """Write a program called cc that adds the sanitizer to whatever it is asked for."""
    folder.mkdir()
    text = WITH_VALGRIND if name == "valgrind" else COMPILER
    program = folder / "cc"
    program.write_text(text.format(compiler=COMPILERS[name], flags=FLAGS[name], logs=logs))
    program.chmod(0o755)
    os.environ["PATH"] = f"{folder}{os.pathsep}{os.environ['PATH']}"


def install(name, clone):
    """Build the clone into its environment; return where the environment's programs are."""
    environment = TOP / f".venv-{name}"
    if not environment.exists():
        run(sys.executable, "-m", "venv", environment)
    programs = environment / "bin"
    run(programs / "pip", "install", "--quiet", f"{clone}[test]", env=os.environ | {"CC": "cc"})
    return programs


def path_of(library):
    """Return where the compiler finds a library."""
    asked = run("cc", f"-print-file-name={library}", capture_output=True, text=True)
    path = asked.stdout.strip()
    if not os.path.isabs(path):
        sys.exit(f"{library} is missing")
    return path


def archer():
    """Return where the library is that tells ThreadSanitizer what OpenMP does."""
    asked = run("cc", "-print-resource-dir", capture_output=True, text=True)
    path = Path(asked.stdout.strip()).parents[1] / "libarcher.so"
    if not path.exists():
        sys.exit(f"{path} is missing")
    return str(path)


def preloaded(name):
    """Return the variable that loads what has to be there first."""
    paths = [path_of(library) for library in RUNTIMES[name]]
    return {"LD_PRELOAD": " ".join(paths)} if paths else {}


def tests_of(name, folder):
    """Return the tests that are run."""
    if name == "valgrind":
        return [folder / program for program in PROGRAMS]
    kinds = {file.stem.removeprefix("test_"): file for file in sorted(folder.rglob("test_*.py"))}
    if name == "thread":
        return [kinds[kind] for kind in THREADED]
    return [file for kind, file in kinds.items() if kind not in LEFT_OUT]


def complaints(name, logs):
    """Return what was reported that is of the library."""
    found = []
    for log in sorted(logs.iterdir()):
        text = log.read_text(errors="replace")
        if name == "address" and "ERROR: AddressSanitizer" not in text:
            found += filter(is_our_leak, re.split(r"\n\n+", text))
        elif text.strip():
            found.append(text)
    return found


def is_our_leak(leak):
    """Tell whether a leak has the library in its history, and is not tracemalloc's note of it."""
    is_ours = re.search(r"leak of .*[/ ](centnn|csrc)[_/]", leak, re.S)
    return is_ours and "_tracemalloc.c" not in leak


def sanitize(name, arguments, work):
    """Run the suite; return what is wrong."""
    clone, logs = work / "clone", work / "logs"
    logs.mkdir()
    copy_of_the_clone(clone)
    make_compiler(name, work / "bin", logs)
    programs = Path(sys.executable).parent if name == "valgrind" else install(name, clone)
    done = subprocess.run(
        [
            programs / "pytest",
            *(NOT_MEASURED if name in ("address", "thread") else []),
            *(arguments or tests_of(name, clone / "tests")),
        ],
        cwd=clone,
        env=os.environ | options(name, logs) | preloaded(name),
        timeout=MINUTES * 60,
        check=False,
    )
    failed = [f"pytest ended with {done.returncode}"] if done.returncode else []
    return failed + complaints(name, logs)


def main():
    name, *arguments = sys.argv[1:] or [None]
    if name not in FLAGS:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory() as folder:
        wrong = sanitize(name, arguments, Path(folder))
    print(*wrong, f"{len(wrong)} complaints", sep="\n\n")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
