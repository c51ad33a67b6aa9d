"""Tell what coding the codes of .cvq files takes: our rANS beside constriction and zstandard.

Over the pictures of $CENTNN_DATA, in grey and 4x4 blocks: bytes of a plane of codes, and
nanoseconds to decode one of them. Codebook and model are not counted.

- centnn: contexts, as in a file; what makes the tables is counted.
- constriction: the same contexts, one call a code, since the next context depends on it. The
  states and the probabilities are given; that it makes its tables of these is counted.
- by state: the same with one call a state. No decoder can do that, for it would have to know all
  codes beforehand: it shows what the calls cost above.
- no contexts: constriction with the frequencies of the codes, one call; they are given.
- zstandard: level 19 on the plain codes, of one byte or two.

    python bench/entropy.py [--json FILE] [--pictures lena boat] [--quick]
"""

import argparse
import statistics
import sys
from pathlib import Path

import constriction
import numpy as np
import zstandard

sys.path.insert(0, str(Path(__file__).parent))
import _bench
from codec import BLOCK, PICTURES, SIZES, picture

from centnn.image import _context
from centnn.image.encoder import PlaneOptions, encode_plane

N_STREAMS = 4
LEVEL = 19
METHODS = ("centnn", "constriction", "by state", "no contexts", "zstandard")


def centnn_coder(plane):
    """Return the bytes of a plane's codes, and what decodes them."""
    borders = _context.Borders(plane.book.codewords, 8)
    model = plane.book.model
    streams = model.encode(borders, plane.codes, N_STREAMS)
    return sum(map(len, streams)), lambda: model.decode(borders, streams, plane.codes.shape)


def contexts(plane):
    """Return each code's state, counted from 0, and the probabilities in each state."""
    borders = _context.Borders(plane.book.codewords, 8)
    priors, gains = 2 * plane.book.model.priors, plane.book.model.gains
    model = _context.Model(borders, plane.book.model.step_bits, priors, gains)
    states, numbers = np.unique(model.states(plane.codes), return_inverse=True)
    gains = gains[states % _context.N_ACTIVITIES].astype(int)
    logs = priors + sum(np.take_along_axis(gains, bins, axis=1) for bins in model.bins(states))
    weights = 2.0 ** ((logs - logs.max(axis=1, keepdims=True)) / _context.LOG_OCTAVE)
    return numbers.ravel(), weights / weights.sum(axis=1, keepdims=True)


def categorical(probabilities):
    """Return constriction's model of these probabilities."""
    return constriction.stream.model.Categorical(probabilities, perfect=False)


def constriction_coder(plane):
    """Return bytes and decoder of one call a code."""
    numbers, probabilities = contexts(plane)
    models = [categorical(of_state) for of_state in probabilities]
    coder = constriction.stream.stack.AnsCoder()
    for number, code in zip(numbers[::-1], plane.codes.ravel()[::-1].tolist(), strict=True):
        coder.encode_reverse(code, models[number])
    words = coder.get_compressed()

    def decode():
        models = [categorical(of_state) for of_state in probabilities]
        coder = constriction.stream.stack.AnsCoder(words)
        codes = [coder.decode(models[number]) for number in numbers]
        return np.array(codes).reshape(plane.codes.shape)

    return words.nbytes, decode


def by_state_coder(plane):
    """Return bytes and decoder of one call a state."""
    numbers, probabilities = contexts(plane)
    order = np.argsort(numbers, kind="stable")
    counts = np.bincount(numbers)
    ends = np.cumsum(counts)
    sorted_codes = plane.codes.ravel()[order].astype(np.int32)
    coder = constriction.stream.stack.AnsCoder()
    for end, count, of_state in zip(ends[::-1], counts[::-1], probabilities[::-1], strict=True):
        coder.encode_reverse(sorted_codes[end - count : end], categorical(of_state))
    words = coder.get_compressed()

    def decode():
        coder = constriction.stream.stack.AnsCoder(words)
        codes = np.empty(len(order), np.uint16)
        parts = [
            coder.decode(categorical(of_state), int(count))
            for count, of_state in zip(counts, probabilities, strict=True)
        ]
        codes[order] = np.concatenate(parts)
        return codes.reshape(plane.codes.shape)

    return words.nbytes, decode


def no_contexts_coder(plane):
    """Return bytes and decoder of the frequencies alone."""
    counts = np.bincount(plane.codes.ravel(), minlength=len(plane.book.codewords))
    probabilities = counts / counts.sum()
    coder = constriction.stream.stack.AnsCoder()
    coder.encode_reverse(plane.codes.ravel().astype(np.int32), categorical(probabilities))
    words = coder.get_compressed()

    def decode():
        coder = constriction.stream.stack.AnsCoder(words)
        return coder.decode(categorical(probabilities), plane.codes.size).reshape(plane.codes.shape)

    return words.nbytes, decode


def zstandard_coder(plane):
    """Return bytes and decoder of a general compressor."""
    dtype = np.dtype("u1" if len(plane.book.codewords) <= 256 else "<u2")
    data = zstandard.ZstdCompressor(level=LEVEL).compress(plane.codes.astype(dtype).tobytes())
    decompressor = zstandard.ZstdDecompressor()

    def decode():
        codes = np.frombuffer(decompressor.decompress(data), dtype)
        return codes.astype(np.uint16).reshape(plane.codes.shape)

    return len(data), decode


CODERS = dict(
    zip(
        METHODS,
        (centnn_coder, constriction_coder, by_state_coder, no_contexts_coder, zstandard_coder),
        strict=True,
    )
)


def measure(name, n_codewords, args):
    """Return all figures of a picture."""
    plane = encode_plane(
        picture(name)[:, :, None],
        PlaneOptions(n_codewords, (BLOCK, BLOCK), "fast" if args.quick else "balanced"),
    )
    found = {method: coder(plane) for method, coder in CODERS.items()}
    for method, (_, decode) in found.items():
        if not np.array_equal(decode(), plane.codes):
            raise ArithmeticError(f"{method} does not decode {name}")
    contestants = [_bench.Contestant(method, 1, decode) for method, (_, decode) in found.items()]
    seconds = _bench.race(contestants, 9, args.budget)
    return {
        "picture": name,
        "k": n_codewords,
        "n_codes": plane.codes.size,
        "bytes": {method: n_bytes for method, (n_bytes, _) in found.items()},
        "ns": {method: 1e9 * seconds[method, 1] / plane.codes.size for method in found},
    }


def table(rows):
    """Return the figures as lines of text, their means at the end."""
    heading = ["picture", "K", *(f"{m} B" for m in METHODS), *(f"{m} ns" for m in METHODS)]
    lines = [
        [row["picture"], str(row["k"])]
        + [str(row["bytes"][method]) for method in METHODS]
        + [f"{row['ns'][method]:.1f}" for method in METHODS]
        for row in rows
    ]
    for k in sorted({row["k"] for row in rows}):
        of_k = [row for row in rows if row["k"] == k]
        lines.append(
            ["mean, to centnn", str(k)]
            + [
                format(statistics.mean(r["bytes"][m] / r["bytes"]["centnn"] for r in of_k), ".2f")
                for m in METHODS
            ]
            + [
                format(statistics.mean(r["ns"][m] / r["ns"]["centnn"] for r in of_k), ".2f")
                for m in METHODS
            ]
        )
    return _bench.format_table(heading, lines)


def main():
    """Measure, print."""
    _bench.restart_without_blas_overrides()
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--pictures", nargs="+", default=PICTURES)
    parser.add_argument("--budget", type=float, default=0.3, help="seconds for each timing")
    parser.add_argument("--quick", action="store_true", help="only to show that it works")
    parser.add_argument("--json", type=Path, metavar="FILE")
    args = parser.parse_args()
    load = _bench.OtherLoad()
    sizes = SIZES[:1] if args.quick else SIZES
    rows = [measure(name, k, args) for name in args.pictures for k in sizes]
    print(table(rows))
    print("B: bytes of all codes of a picture; ns: to decode one, one thread")
    print(f"{load.mean() or 0:.1f} cores busy meanwhile")
    _bench.put_json({"bench": "entropy", "level": LEVEL, "rows": rows}, args.json)


if __name__ == "__main__":
    main()
