"""Build the extension modules; everything else stands in pyproject.toml."""

import os
import shutil
import tempfile
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.command.build_py import build_py
from setuptools.errors import CompileError, LinkError

ROOT = Path(__file__).parent
C_SOURCES = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("csrc/*.c"))
PHOTO_SOURCES = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("csrc/photo/*.c"))
PHOTO_SOURCES += ["csrc/crc32.c"]

# Results must not depend on the compiler: no contraction of a*b+c, no reassociation. (-g0: many
# Pythons ask for debug information, which makes files four times as large.)
COMPILE_ARGS = {
    "unix": ["-O3", "-std=c11", "-ffp-contract=off", "-fno-math-errno", "-g0"],
    "msvc": ["/O2", "/std:c11", "/experimental:c11atomics", "/fp:precise"],
}

# (compiler flags, linker flags) to try in order. Apple's clang needs an installed libomp.
OPENMP_ARGS = {
    "unix": [
        (["-fopenmp"], ["-fopenmp"]),
        (["-Xpreprocessor", "-fopenmp"], ["-lomp"]),
    ],
    "msvc": [(["/openmp"], [])],
}

OPENMP_PROBE = """
#include <omp.h>
int main(void) { return omp_get_max_threads() < 1; }
"""


class BuildExt(build_ext):
    """Add the flags that the compiler at hand takes."""

    def build_extensions(self):
        """Probe for OpenMP, then build."""
        kind = self.compiler.compiler_type
        openmp_compile, openmp_link = self.find_openmp(OPENMP_ARGS.get(kind, []))
        for extension in self.extensions:
            extension.extra_compile_args += COMPILE_ARGS.get(kind, []) + openmp_compile
            extension.extra_link_args += openmp_link
        self.parallel = self.parallel or os.cpu_count()
        super().build_extensions()

    def find_openmp(self, candidates):
        """Return the first flags with which an OpenMP program compiles and links."""
        if os.environ.get("CENTNN_OPENMP", "1") == "0":
            print("centnn: OpenMP switched off by CENTNN_OPENMP=0; building for one thread")
            return [], []
        for compile_args, link_args in candidates:
            if self.compiles(OPENMP_PROBE, compile_args, link_args):
                return compile_args, link_args
        print("centnn: no OpenMP with this compiler; building for one thread")
        return [], []

    def compiles(self, program, compile_args, link_args):
        """Tell whether a C program compiles and links with these flags."""
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder, "probe.c")
            source.write_text(program)
            try:
                objects = self.compiler.compile(
                    [str(source)], output_dir=folder, extra_postargs=compile_args
                )
                self.compiler.link_executable(
                    objects, "probe", output_dir=folder, extra_postargs=link_args
                )
            except (CompileError, LinkError):
                return False
        return True


class BuildPy(build_py):
    """Ship the C core with the package, where `centnn.get_include` finds it."""

    def run(self):
        """Build, then copy."""
        super().run()
        if not self.editable_mode:
            target = Path(self.build_lib, "centnn", "csrc")
            shutil.copytree(ROOT / "csrc", target, dirs_exist_ok=True)


# CENTNN_DEBUG=1: training checks its state after every round, and takes very long.
DEBUG_MACROS = [("CENTNN_DEBUG", "1")] if os.environ.get("CENTNN_DEBUG") == "1" else []

# The C core is linked into _search alone; the other modules get it from there.
OF_MODULES = {
    "centnn/_search.pyx": C_SOURCES,
    "centnn/image/_photo.pyx": PHOTO_SOURCES,
}

# What typed memoryviews need at run time, once for all modules.
SHARED = "centnn._cyutility"

extensions = [
    Extension(
        name.removesuffix(".pyx").replace("/", "."),
        [name, *OF_MODULES.get(name, [])],
        include_dirs=["csrc"],
        define_macros=DEBUG_MACROS,
        depends=[header.relative_to(ROOT).as_posix() for header in ROOT.glob("csrc/**/*.h")],
    )
    for name in sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("centnn/**/*.pyx"))
]
extensions.append(Extension(SHARED, [SHARED.replace(".", "/") + ".c"]))

setup(
    ext_modules=cythonize(
        extensions,
        shared_utility_qualified_name=SHARED,
        compiler_directives={
            "language_level": 3,
            "boundscheck": False,
            "wraparound": False,
            "cdivision": True,
            "initializedcheck": False,
            "freethreading_compatible": True,
        },
    ),
    cmdclass={"build_ext": BuildExt, "build_py": BuildPy},
)
