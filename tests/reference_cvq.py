"""A second decoder of .cvq files, written from FORMAT.md alone: slow, and sharing no code."""

import math
import struct
import zlib

import numpy as np

DECAYS = [4096, 9226, 16384, 24590, 32768, 40143, 46340, 51292, 55108]
DECAYS += [57978, 60096, 61641, 62757, 63558, 64131, 64539, 64830, 65036, 65182, 65285]


def table(weights):
    scale = ((2**20 - len(weights)) << 28) // sum(weights)
    starts = [0]
    for weight in weights[:-1]:
        starts.append(starts[-1] + 1 + (weight * scale >> 28))
    return [*starts, 2**20]


def packed(codes, bits):
    """Codes in so many bits each, as version 1 has them."""
    digits = "".join(f"{code:0{bits}b}" for code in codes) if bits else ""
    digits += "0" * (-len(digits) % 8)
    return bytes(int(digits[i : i + 8], 2) for i in range(0, len(digits), 8))


class Stream:
    def __init__(self, data, n_states=1):
        self.words = list(struct.unpack(f"<{len(data) // 4}I", data))
        self.states = [self.words.pop(0) + (self.words.pop(0) << 32) for _ in range(n_states)]

    def symbol(self, starts):
        x = self.states.pop(0)
        slot = x % 2**20
        k = max(k for k in range(len(starts) - 1) if starts[k] <= slot)
        x = (starts[k + 1] - starts[k]) * (x >> 20) + slot - starts[k]
        if x < 2**31:
            x = (x << 32) + self.words.pop(0)
        self.states.append(x)
        return k

    def integers(self, n, signed):
        decay = DECAYS[self.symbol(table([2**16] * 20))]
        u = [65536]
        for _ in range(255):
            u.append(u[-1] * decay >> 16)
        starts = table([u[(s + 1) // 2] if signed else u[s] for s in range(256)])
        symbols = [self.symbol(starts) for _ in range(n)]
        escaped = [i for i, s in enumerate(symbols) if s == 255]
        for place in (1, 256, 65536):
            for i in escaped:
                symbols[i] += place * self.symbol(table([2**16] * 256))
        if not signed:
            return symbols
        return [(s + 1) // 2 * (1 if s % 2 else -1) for s in symbols]

    def end(self):
        assert set(self.states) == {2**31}
        assert not self.words


def read_codewords(stream, k, h, w, channels, bits):
    (step,) = stream.integers(1, False)
    levels = np.zeros((k, h, w, channels), object)
    levels[:, 0, 0, 0] = np.cumsum(stream.integers(k, False))
    for c in range(channels):
        related = stream.integers(1, False)[0] if c else 0
        for y in range(h):
            for x in range(w):
                if (c, y, x) != (0, 0, 0):
                    levels[:, y, x, c] = stream.integers(k, True)
        if related:
            levels[..., c] += levels[..., 0]

    def waves(n):
        scales = [math.sqrt((2 if f else 1) / n) for f in range(n)]
        return np.array(
            [
                [
                    math.floor(
                        4096 * scales[f] * math.cos(math.pi * f * (2 * i + 1) / (2 * n)) + 0.5
                    )
                    for i in range(n)
                ]
                for f in range(n)
            ],
            object,
        )

    rows, columns = waves(h), waves(w)
    samples = np.zeros((k, h, w, channels), object)
    for i in range(h):
        for j in range(w):
            for y in range(h):
                for x in range(w):
                    samples[:, i, j] += step * levels[:, y, x] * (rows[y][i] * columns[x][j])
    return np.clip((samples + 2**23) >> 24, 0, 2**bits - 1).astype(int)


def read_model(stream, k):
    q, typical = stream.integers(2, False)
    priors = [typical + p for p in stream.integers(k, True)]
    differences = np.array(stream.integers(4 * 40, True)).reshape(4, 40)
    return q, priors, 96 + np.cumsum(differences, axis=1)


def read_codes(streams, codewords, model, bits, rows, columns):
    q, priors, gains = model
    k, h, w, _ = codewords.shape
    fine = (16 * codewords) >> (bits - 8)
    left, top = fine[:, :, 0].sum(1) // h, fine[:, 0].sum(1) // w
    right, bottom = fine[:, :, -1].sum(1) // h, fine[:, 0 - 1].sum(1) // w
    left_rough = (((fine[:, :, 0] - left[:, None]) ** 2).sum(1) // h).sum(1)
    top_rough = (((fine[:, 0] - top[:, None]) ** 2).sum(1) // w).sum(1)
    right_span = np.ptp(fine[:, :, -1], axis=1).max(1) >> 4
    bottom_span = np.ptp(fine[:, -1], axis=1).max(1) >> 4
    g = 16 << q

    def bin_of(distance):
        y = (int(distance) >> 6) + 2
        n = y.bit_length()
        return 2 * (n - 2) + (y >> (n - 2)) % 2

    def middle(means):
        return (means >> (4 + q)) * g + g // 2

    codes = np.zeros((rows, columns), int)
    for r in range(rows):
        for column in range(columns):
            beside = (right, right_span, codes[r, column - 1]) if column else None
            above = (bottom, bottom_span, codes[r - 1, column]) if r else None
            if beside is None and above is None:
                above = (bottom, bottom_span, k // 2)
            means_1, span_1, code_1 = beside or above
            means_2, span_2, code_2 = above or beside
            m_1, m_2 = middle(means_1[code_1]), middle(means_2[code_2])
            span = span_1[code_1] + span_2[code_2]
            activity = int(span >= 16) + int(span >= 48) + int(span >= 128)
            logs = []
            for i in range(k):
                d_1 = left_rough[i] + ((left[i] - m_1) ** 2).sum()
                d_2 = top_rough[i] + ((top[i] - m_2) ** 2).sum()
                gain = gains[activity][bin_of(d_1)] + gains[activity][bin_of(d_2)]
                logs.append(2 * priors[i] + gain)
            largest = max(logs)
            powers = [log - largest + 64 for log in logs]
            weights = [math.floor(2 ** (p / 4)) if p >= 0 else 0 for p in powers]
            codes[r, column] = streams[r % len(streams)].symbol(table(weights))
    return codes


def unpack(data, book=b""):
    """Return the image in a file of version 2, as nested lists' worth of integers."""
    assert struct.unpack("<I", data[-4:])[0] == zlib.crc32(data[:-4])
    assert data[:5] == b"\x89CVQ\x02"
    kind, colour, bits, flags = data[5:9]
    assert kind == 0
    width, height = struct.unpack_from("<II", data, 9)
    at = 17 + (16 if flags & 4 else 0)
    book_at = 9
    half = ((height + 1) // 2, (width + 1) // 2) if flags & 2 else (height, width)
    shapes = [[(height, width, 1)], [(height, width, 3)], [(height, width, 1), (*half, 2)]][colour]
    planes = []
    for shape in shapes:
        shared = None
        if flags & 4:
            shared, book_at = read_plane_book(book, book_at, shape[2], bits, None)
        plane, at = read_plane(data, at, shape, bits, shared)
        planes.append(plane)
    image = planes[0] if colour < 2 else from_ycbcr(*planes, bits)
    if flags & 1:
        (n,) = struct.unpack_from("<I", data, at)
        rows = np.frombuffer(zlib.decompress(data[at + 4 : at + 4 + n]), f">u{bits // 8}")
        alpha = np.cumsum(rows.astype(int).reshape(height, width), axis=0) % 2**bits
        image = np.concatenate([image, alpha[:, :, None]], axis=2)
        at += 4 + n
    assert at == len(data) - 4
    return image


def read_plane_book(data, at, channels, bits, shared):
    """Return the book (codewords, model) and where its plane ends but for the codes."""
    h, w, last, own, n_streams = struct.unpack_from("<BBHBB", data, at)
    lengths = struct.unpack_from(f"<{1 + n_streams}I", data, at + 6)
    at += 6 + 4 * len(lengths)
    codewords, model = shared or (None, None)
    if own:
        n_states = 4 if (last + 1) * h * w * channels >= 4096 else 1
        stream = Stream(data[at : at + lengths[0]], n_states)
        if own & 1:
            codewords = read_codewords(stream, last + 1, h, w, channels, bits)
        if own & 2:
            model = read_model(stream, last + 1)
        stream.end()
    return (codewords, model), at + lengths[0]


def read_plane(data, at, shape, bits, shared):
    height, width, channels = shape
    h, w, _, _, n_streams = struct.unpack_from("<BBHBB", data, at)
    lengths = struct.unpack_from(f"<{1 + n_streams}I", data, at + 6)[1:]
    (codewords, model), at = read_plane_book(data, at, channels, bits, shared)
    streams = []
    for length in lengths:
        streams.append(Stream(data[at : at + length]))
        at += length
    rows, columns = math.ceil(height / h), math.ceil(width / w)
    codes = read_codes(streams, codewords, model, bits, rows, columns)
    for stream in streams:
        stream.end()
    pixels = codewords[codes].swapaxes(1, 2).reshape(rows * h, columns * w, channels)
    return pixels[:height, :width], at


def from_ycbcr(luma, chroma, bits):
    height, width, _ = luma.shape
    if chroma.shape[:2] != (height, width):
        small = chroma
        chroma = np.zeros((height, width, 2), int)
        rows, columns = small.shape[:2]
        for y in range(height):
            for x in range(width):
                ny, nx = y >> 1, x >> 1
                fy = min(max(ny + (1 if y % 2 else -1), 0), rows - 1)
                fx = min(max(nx + (1 if x % 2 else -1), 0), columns - 1)
                mixed = 9 * small[ny, nx] + 3 * small[fy, nx] + 3 * small[ny, fx] + small[fy, fx]
                chroma[y, x] = (mixed + 8) >> 4
    b, r = np.moveaxis(chroma - 2 ** (bits - 1), 2, 0)
    e = 65536 * luma[:, :, 0] + 32768
    colours = [e + 91881 * r, e - 22554 * b - 46802 * r, e + 116130 * b]
    return np.clip(np.stack(colours, axis=2) >> 16, 0, 2**bits - 1)
