"""A second decoder of photo mode, written from FORMAT.md alone: slow, and sharing no code."""

import math
import struct
import zlib
from bisect import bisect_right

import numpy as np

N_LAYERS = 23
DIMS = [2, 3, 2, 2, 2, *[3] * 16, 4]
FIRSTS = [1 + sum(DIMS[:g]) for g in range(len(DIMS))]
FIRST = [0, 1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 65, 129, 257, 513]
BITS = [0, 1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 6, 7, 8, 9, 15]
# (groups before, rows down, columns right) of the weights 0 to 28
FEATURES = [(0, 0, -1), (0, 0, -2), (0, -1, 0), (0, -1, -1), (0, -1, 1), (0, -2, 0)]
FEATURES += [(1, 0, 0), (1, 0, -1), (1, -1, 0), (1, 0, 1), (1, 1, 0)]
FEATURES += [(1, -1, -1), (1, -1, 1), (1, 1, -1), (1, 1, 1)]
FEATURES += [(2, 0, 0), (2, 0, -1), (2, -1, 0), (2, 0, 1), (2, 1, 0), (3, 0, 0), (3, 0, 1)]
FEATURES += [(3, 1, 0), (4, 0, 0), (5, 0, 0), (6, 0, 0), (7, 0, 0), (8, 0, 0), (9, 0, 0)]
AROUND = [(-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1)]
# Odd diagonals run down to the left, even ones up to the right.
ZIGZAG = sorted(
    [(y, x) for y in range(8) for x in range(8)],
    key=lambda at: (sum(at), at[0] if sum(at) % 2 else at[1]),
)
ROTATION = np.array(
    [[-943, -3702, 922, -68], [3815, -1159, -1752, 130], [0, 1986, -266, -587], [0, 0, 605, -22]]
)


def limited(x):
    return np.clip(x, -16383, 16383)


def half(y):
    e = y.bit_length() - 1
    return 2 * e + (y >> (e - 1)) % 2 if e else 0


class Stream:
    def __init__(self, data):
        self.words = list(struct.unpack(f"<{len(data) // 2}H", data))
        self.x = self.words.pop(0) + (self.words.pop(0) << 16)
        assert self.x >= 2**16

    def take(self, start, n):
        slot = self.x % 2**15
        assert start <= slot < start + n
        self.x = n * (self.x >> 15) + slot - start
        if self.x < 2**16:
            self.x = (self.x << 16) + self.words.pop(0)

    def symbol(self, table, rate=None):
        s = bisect_right(table, self.x % 2**15) - 1
        self.take(table[s], table[s + 1] - table[s])
        if rate is not None:
            for i in range(1, 16):
                target = 2 * i if i <= s else 2**15 - 2 * (16 - i)
                table[i] += (target - table[i]) >> rate
        return s

    def bits(self, n):
        b = self.x % 2**15 >> (15 - n)
        self.take(b << (15 - n), 2 ** (15 - n))
        return b

    def integer(self, table, rate):
        s = self.symbol(table, rate)
        b = self.bits(BITS[s])
        number = FIRST[s] + b // 2
        return -number if b % 2 else number

    def answer(self, slots, i):
        yes = self.x % 2**15 < slots[i]
        self.take(0 if yes else slots[i], slots[i] if yes else 2**15 - slots[i])
        slots[i] += ((2**15 - 64 if yes else 64) - slots[i]) >> 4
        return yes

    def end(self):
        assert self.x == 2**16
        assert not self.words


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def bytes(self, n):
        assert self.at + n <= len(self.data)
        self.at += n
        return self.data[self.at - n : self.at]

    def number(self, n=1):
        return int.from_bytes(self.bytes(n), "little")

    def array(self, *shape):
        return np.frombuffer(self.bytes(2 * math.prod(shape)), "<i2").reshape(shape).astype(int)

    def varint(self):
        value = 0
        for shift in range(0, 35, 7):
            byte = self.number()
            value += (byte & 127) << shift
            if byte < 128:
                assert value < 2**32
                return value
        raise AssertionError

    def table(self):
        sums = [0]
        for byte in self.bytes(16):
            sums.append(sums[-1] + ((16 + byte % 16) << byte // 16))
        return [2 * i + 32736 * sums[i] // sums[16] for i in range(16)] + [2**15]

    def tables(self, *shape):
        if not shape:
            return self.table()
        return [self.tables(*shape[1:]) for _ in range(shape[0])]


class Group:
    def __init__(self, reader, dim):
        self.words = []
        for _ in range(2):
            words = reader.array(16 * reader.number(), dim)
            self.words.append(np.concatenate([np.zeros((1, dim), int), words]))
        n_words = len(self.words[0]) - 1
        self.n_bins = [len(words) // 16 for words in self.words]
        self.magnitudes = [0, *reader.bytes(n_words)]
        self.cells = [0, *reader.bytes(n_words)]
        self.weights = list(reader.bytes(32))
        self.predictor = reader.array(dim, 6, 16)
        self.bins = reader.tables(16, 3)
        self.bins2 = reader.tables(8)
        self.cuts = [list(reader.bytes(2)) for _ in range(self.n_bins[0])]
        self.in_bin = reader.tables(3, 3, self.n_bins[0])
        self.in_bin2 = reader.tables(self.n_bins[1])
        self.escape = reader.table()
        self.empties = [64 + 128 * byte for byte in reader.bytes(24)]


class Kind:
    def __init__(self, reader):
        self.groups = [Group(reader, dim) for dim in DIMS]
        self.dc = reader.tables(16)
        self.taps = reader.array(4, 8, 4, 8)


def read_resource(data):
    """Return the kinds: luma, chroma."""
    reader = Reader(data)
    assert reader.number() == 2
    kinds = [Kind(reader), Kind(reader)]
    assert reader.at == len(data)
    return kinds


class Plane:
    """A plane of a band; `blocks` has a block more on all sides, `magnitudes` two."""

    def __init__(self, rows, columns, kind):
        self.rows, self.columns, self.kind = rows, columns, kind
        self.blocks = np.zeros((rows + 2, columns + 2, 64), int)
        self.magnitudes = np.zeros((len(DIMS), rows + 4, columns + 4), int)
        self.dc = [list(table) for table in kind.dc]
        self.bins = [[[list(t) for t in ts] for ts in group.bins] for group in kind.groups]
        self.escape = [list(group.escape) for group in kind.groups]
        self.empties = [list(group.empties) for group in kind.groups]
        self.started = np.zeros((rows, -(-columns // 16)), bool)

    def places(self):
        return [(row, column) for row in range(self.rows) for column in range(self.columns)]

    def magnitude(self, group, row, column):
        return int(self.magnitudes[group, row + 2, column + 2])

    def block(self, row, column):
        return self.blocks[row + 1, column + 1]

    def read_first(self, stream):
        d, e = {}, {}
        for row, column in self.places():
            beside, above = (row, column - 1), (row - 1, column)
            left = d[beside] if column else d[above] if row else 0
            top = d[above] if row else left
            corner = d[row - 1, column - 1] if row and column else left
            right = d.get((row - 1, column + 1), top)
            low, high = min(left, top), max(left, top)
            g = low if corner >= high else high if corner <= low else left + top - corner
            p = (4 * g + 2 * left + 2 * top + right - corner + 4) >> 3
            spread = abs(left - corner) + abs(top - corner) + abs(top - right)
            spread += 2 * abs(e.get(beside, 0)) + 2 * abs(e.get(above, 0))
            table = self.dc[min(15, half(1 + spread))]
            d[row, column] = min(409, max(-409, p + stream.integer(table, 6)))
            e[row, column] = d[row, column] - p
            self.block(row, column)[0] = 40 * d[row, column]
        self.blocks[:, :, 0] = np.pad(self.blocks[1:-1, 1:-1, 0], 1, mode="edge")

    def first_differences(self, row, column):
        own = self.block(row, column)[0]
        return np.array([self.block(row + y, column + x)[0] - own for y, x in AROUND])

    def read_group(self, stream, g, guides):
        for row in range(self.rows):
            starts = range(0, self.columns, 16)
            stretches = [range(first, min(first + 16, self.columns)) for first in starts]
            # Of all of a row before any of its codewords.
            sums = [[self.sum(g, row, column, guides) for column in s] for s in stretches]
            empty = []
            for of_stretch in sums:
                total = sum(min(of_block, 2**16 - 1) for of_block in of_stretch)
                category = min(23, half(16 + (total >> 4)) - 8)
                empty.append(stream.answer(self.empties[g], category))
            for i, blocks in enumerate(stretches):
                self.started[row, i] |= FIRSTS[g] >= 16 and not empty[i]
                for column in blocks:
                    if FIRSTS[g] < 16 or self.started[row, i]:
                        self.predict(g, row, column)
            for i, blocks in enumerate(stretches):
                for column in blocks:
                    if not empty[i]:
                        self.read_block(stream, g, row, column, guides)

    def sum(self, g, row, column, guides):
        group = self.kind.groups[g]
        differences = self.first_differences(row, column)
        activity = min(255, int(abs(differences[[1, 3, 4, 6]]).sum()) >> 4)
        total = group.weights[31] * activity
        for weight, guide in zip(group.weights[29:], guides, strict=False):
            total += weight * int(guide[row, column])
        for weight, (before, y, x) in zip(group.weights, FEATURES, strict=False):
            if before <= g:
                total += weight * self.magnitude(g - before, row + y, column + x)
        return total

    def predict(self, g, row, column):
        first = FIRSTS[g]
        block = self.block(row, column)
        v = [
            np.where(np.arange(16) < first, self.block(row, column - 1)[:16], 0),
            self.block(row - 1, column)[:16],
            self.block(row, column + 1)[:16],
            self.block(row + 1, column)[:16],
            block[:16],
            np.append(limited(self.first_differences(row, column)), [0] * 8),
        ]
        total = (self.kind.groups[g].predictor * v).sum((1, 2)) + 2**13
        block[first : first + DIMS[g]] = limited(((total + 2**31) % 2**32 - 2**31) >> 14)

    def read_block(self, stream, g, row, column, guides):
        group = self.kind.groups[g]
        own = slice(FIRSTS[g], FIRSTS[g] + DIMS[g])
        block = self.block(row, column)
        left, above = self.block(row, column - 1), self.block(row - 1, column)
        category = min(15, half(16 + (self.sum(g, row, column, guides) >> 4)) - 8)
        ends = abs(left[own]) + abs(above[own]) + 2 * abs(block[own])
        a, b = ends[0], ends[-1]
        slope = 1 if a > 2 * b + 16 else 2 if b > 2 * a + 16 else 0
        vector, k = self.read_vector(stream, g, category, slope)
        self.magnitudes[g, row + 2, column + 2] = group.magnitudes[k]
        block[own] = limited(block[own] + vector)

    def read_vector(self, stream, g, category, slope):
        """Return the vector, and the number of its codeword of stage 1."""
        group = self.kind.groups[g]
        b = stream.symbol(self.bins[g][category][slope], 7)
        if not 1 <= b <= group.n_bins[0]:
            return 0, 0
        part = sum(cut <= category for cut in group.cuts[b - 1])
        k = 1 + 16 * (b - 1) + stream.symbol(group.in_bin[slope][part][b - 1])
        if k == 16 * group.n_bins[0]:
            numbers = [stream.integer(self.escape[g], 5) for _ in range(DIMS[g])]
            return limited(32 * np.array(numbers)), k
        vector = group.words[0][k].copy()
        if group.cells[k]:
            b = stream.symbol(group.bins2[group.cells[k]])
            if 1 <= b <= group.n_bins[1]:
                refinement = group.words[1][1 + 16 * (b - 1) + stream.symbol(group.in_bin2[b - 1])]
                vector += np.where(vector < 0, -refinement, refinement)
        return vector, k


def read_band(planes, streams, scan_ends, n_layers, halved):
    begin = 0
    for stream, end in zip(streams, scan_ends, strict=True):
        for layer in range(begin, min(end, n_layers)):
            for i, plane in enumerate(planes):
                if layer == 0:
                    plane.read_first(stream)
                    continue
                inner = planes[0].magnitudes[layer - 1, 2:-2, 2:-2]
                guides = []
                if i and halved:
                    rows = np.maximum(inner[::2], inner[1::2])
                    inner = np.maximum(rows[:, ::2], rows[:, 1::2])
                if i:
                    guides.append(inner)
                if i == 2:
                    guides.append(planes[1].magnitudes[layer - 1, 2:-2, 2:-2])
                plane.read_group(stream, layer - 1, guides)
        if n_layers >= end:
            stream.end()
        if n_layers <= end:
            return
        begin = end


def values_of(planes, step):
    """Return the values of the planes of all bands, before rotations are undone."""
    scale = [math.sqrt((2 if f else 1) / 8) for f in range(8)]
    waves = np.array(
        [
            [
                math.floor(4096 * scale[f] * math.cos(math.pi * f * (2 * i + 1) / 16) + 0.5)
                for i in range(8)
            ]
            for f in range(8)
        ]
    )
    blocks = np.concatenate([plane.blocks[1:-1, 1:-1] for plane in planes])
    frequencies = np.zeros((*blocks.shape[:2], 8, 8), int)
    for i, (y, x) in enumerate(ZIGZAG):
        frequencies[:, :, y, x] = limited((blocks[:, :, i] * step + 64) >> 7)
    columns = limited((np.einsum("yi,rcyx->rcix", waves, frequencies) + 2048) >> 12)
    values = limited((np.einsum("xj,rcix->rcij", waves, columns) + 2048) >> 12)
    rows, columns = blocks.shape[:2]
    return values.transpose(0, 2, 1, 3).reshape(8 * rows, 8 * columns)


def undo_rotations(values):
    """Undo those across the borders of rows of blocks, in place."""
    for border in range(8, len(values), 8):
        up, down = values[border - 4 : border][::-1].copy(), values[border : border + 4].copy()
        change = (ROTATION @ (up - down) + 2**13) >> 14
        values[border - 4 : border] = limited(up + change)[::-1]
        values[border : border + 4] = limited(down - change)


def samples_of(planes, step, is_filtered):
    values = values_of(planes, step)
    undo_rotations(values)
    undo_rotations(values.T)
    result = values.copy()
    if is_filtered:
        counts = [(p.magnitudes[:, 2:-2, 2:-2] > 0).sum(0) for p in planes]
        n = np.concatenate(counts)
        textures = (n > 0).astype(int) + (n > 2) + (n > 8)
        y, x = np.mgrid[: values.shape[0], : values.shape[1]]
        taps = planes[0].kind.taps[textures[y // 8, x // 8], y % 8, :, x % 8]
        padded = np.pad(values, 1, mode="edge")
        neighbours = [padded[:-2, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:], padded[2:, 1:-1]]
        limit = step >> 4
        change = sum(
            taps[:, :, k] * np.clip(neighbour - values, -limit, limit)
            for k, neighbour in enumerate(neighbours)
        )
        result += (change + 32) >> 6
    return np.clip((result + 1028) >> 3, 0, 255)


def doubled(plane, height, width):
    def weighted(values, n):
        at = np.arange(n)
        near = at >> 1
        far = np.clip(near + np.where(at % 2, 1, -1), 0, len(values) - 1)
        return 3 * values[near] + values[far]

    return (weighted(weighted(plane, height).T, width).T + 8) >> 4


def to_rgb(y, cb, cr):
    e, b, r = 65536 * y + 32768, cb - 128, cr - 128
    channels = [e + 91881 * r, e - 22554 * b - 46802 * r, e + 116130 * b]
    return np.clip(np.stack(channels, axis=2) >> 16, 0, 255)


def unpack(data, resource, n_layers=N_LAYERS):
    """Return the image in a file, (H, W, channels), from its first layers."""
    reader = Reader(data)
    assert reader.bytes(6) == b"\x89CVQ\x02\x02"
    colour, depth, flags = reader.bytes(3)
    assert (colour in (0, 2), depth) == (True, 8)
    assert reader.number(4) == zlib.crc32(resource)
    width, height = reader.varint(), reader.varint()
    n_planes, halved = 1 + colour, bool(flags & 2)
    steps = [reader.number(2) for _ in range(1 if n_planes == 1 else 2)]
    units = reader.number(2)
    n_scans = reader.number()
    scan_ends = [*reader.bytes(n_scans - 1), N_LAYERS]
    n_alpha = reader.number(4) if flags & 1 else 0
    unit = 16 if halved else 8
    all_units, columns = -(-height // unit), -(-width // unit)
    n_bands = -(-all_units // units)
    lengths = [[reader.varint() for _ in range(n_bands)] for _ in range(n_scans)]
    alpha = reader.bytes(n_alpha)
    streams = [[Stream(reader.bytes(n)) for n in of_scan] for of_scan in lengths]
    assert reader.number(4) == zlib.crc32(data[:-4])
    assert reader.at == len(data)

    kinds = read_resource(resource)
    bands = []
    for band in range(n_bands):
        rows = min(units, all_units - band * units)
        scale = [2 if halved and p == 0 else 1 for p in range(n_planes)]
        planes = [Plane(s * rows, s * columns, kinds[p > 0]) for p, s in enumerate(scale)]
        read_band(planes, [of_scan[band] for of_scan in streams], scan_ends, n_layers, halved)
        bands.append(planes)
    samples = [
        samples_of(of_plane, steps[p > 0], not flags & 4)
        for p, of_plane in enumerate(zip(*bands, strict=True))
    ]
    half_size = (-(-height // 2), -(-width // 2)) if halved else (height, width)
    luma = samples[0][:height, :width]
    if n_planes == 1:
        image = luma[:, :, None]
    else:
        chroma = [plane[: half_size[0], : half_size[1]] for plane in samples[1:]]
        if halved:
            chroma = [doubled(plane, height, width) for plane in chroma]
        image = to_rgb(luma, *chroma)
    if flags & 1:
        rows = np.frombuffer(zlib.decompress(alpha), np.uint8).reshape(height, width)
        image = np.concatenate([image, (np.cumsum(rows, axis=0) % 256)[:, :, None]], axis=2)
    return image
