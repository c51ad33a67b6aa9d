# For other compiled modules, which cimport it: nothing to import from Python.
