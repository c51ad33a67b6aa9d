"""What `centnn.embed` gives to other compiled modules; `tests/embedding` has two of them."""

import ctypes
import re
from pathlib import Path

import centnn
from centnn import embed


def function(name, result, *arguments):
    """Return a function that Python can call."""
    capsule = embed.__pyx_capi__[name]
    name_of, pointer_of = ctypes.pythonapi.PyCapsule_GetName, ctypes.pythonapi.PyCapsule_GetPointer
    name_of.restype, name_of.argtypes = ctypes.c_char_p, [ctypes.py_object]
    pointer_of.restype, pointer_of.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    address = pointer_of(capsule, name_of(capsule))
    return ctypes.CFUNCTYPE(result, *arguments)(address)


def test_all_functions_of_the_header():
    header = (Path(centnn.get_include()) / "centnn.h").read_text()
    code = re.sub(r"/\*.*?\*/", "", header, flags=re.DOTALL)
    declared = set(re.findall(r"\bcentnn_(\w+)\(", code))
    assert {"search", "book_open", "isa"} <= declared
    # The version is asked for by check_abi, which Cython makes an error of.
    assert set(embed.__pyx_capi__) == declared - {"abi"} | {"check_abi"}


def test_functions_by_their_capsules():
    isa = function("isa", ctypes.c_char_p)
    assert isa().decode() == centnn.show_config()["isa"]
    bits = function("code_bits", ctypes.c_uint, ctypes.c_size_t)
    assert [bits(k) for k in (1, 2, 3, 256, 257)] == [0, 1, 2, 8, 9]
    text = function("status_string", ctypes.c_char_p, ctypes.c_int)
    assert text(9) == b"there are fewer different rows than codewords to train"
    available = function("isa_available", ctypes.c_char_p, ctypes.c_size_t)
    assert available(0) is not None and available(99) is None
