"""Build the modules that embed centnn, against the one that is installed."""

from Cython.Build import cythonize
from setuptools import Extension, setup

import centnn

include = [centnn.get_include()]
setup(
    name="embedding",
    ext_modules=[
        *cythonize([Extension("consumer", ["consumer.pyx"], include_dirs=include)]),
        Extension("capsule", ["capsule.c"], include_dirs=include),
    ],
)
