"""What the modules that embed centnn find is what Python finds."""

import capsule
import consumer
import numpy as np

import centnn

X = np.random.default_rng(1).random((3000, 5), dtype="f4")
codewords, codes, found = consumer.train_and_search(X, 40)
assert np.array_equal(codes, found)
assert np.array_equal(codes, centnn.quantize(X, codewords))
try:
    consumer.train_and_search(np.zeros((9, 5), np.float32), 4)
except ValueError as error:
    assert "fewer different rows" in str(error)
else:
    raise AssertionError("equal rows cannot have 4 codewords")
try:
    consumer.refuse()
except ImportError as error:
    assert "compile it anew" in str(error)
else:
    raise AssertionError("another version must be refused")
assert capsule.size_of_index(40, 5) > 40 * 5 * 4
print("embedding works")
