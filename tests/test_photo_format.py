"""Photo mode as FORMAT.md specifies it; what must hold whatever the shipped codebooks are."""

import struct
import zlib

import numpy as np
import pytest
import reference_photo
from reference_photo import DIMS, N_LAYERS

from centnn.image import _photo, photo


def resource_of(n_bins=(0, 0), random=None, predictor_limit=0):
    """A resource with this many bins in the stages: all zero and flat, or at random."""

    def numbers(n, low, high):
        if random is None:
            return np.full(n, max(low, 0), np.int16).tobytes()
        return random.integers(low, high, n, np.int16, endpoint=True).tobytes()

    def small(n, low, high):
        return numbers(n, low, high)[::2]  # the low bytes

    def cuts(n):
        return b"".join(bytes(sorted(small(2, 0, 16))) for _ in range(n))

    def group(dim):
        n, n2 = n_bins
        parts = [bytes([n]), numbers(16 * n * dim, -8191, 8191)]
        parts += [bytes([n2]), numbers(16 * n2 * dim, -8191, 8191)]
        parts += [small(16 * n, 1, 255), small(16 * n, 0, 7 if n2 else 0), small(32, 0, 127)]
        parts += [numbers(dim * 6 * 16, -predictor_limit, predictor_limit)]
        parts += [small(16 * (48 + 8), 0, 255), cuts(n), small(16 * 9 * n, 0, 255)]
        return b"".join([*parts, small(16 * (n2 + 1), 0, 255), small(24, 0, 255)])

    kinds = [
        b"".join(group(dim) for dim in DIMS) + small(16 * 16, 0, 255) + numbers(1024, -31, 31)
        for _ in range(2)
    ]
    return b"\x02" + b"".join(kinds)


def file_of(resource, size, scans, *, colour=0, flags=0, steps=(64,), units=99, ends=(), alpha=b""):
    """A file put together by hand, with a right checksum whatever else is wrong in it."""
    body = struct.pack("<4sBBBBBI", b"\x89CVQ", 2, 2, colour, 8, flags, zlib.crc32(resource))
    body += bytes(size) + struct.pack(f"<{len(steps)}HH", *steps, units)
    body += bytes([len(ends) + 1, *ends])
    body += struct.pack("<I", len(alpha)) if flags & 1 else b""
    for scan in scans:
        body += photo._varint(len(scan))
    body += alpha + b"".join(scans)
    return body + struct.pack("<I", zlib.crc32(body))


@pytest.fixture
def use(monkeypatch):
    """Use another resource than the shipped one."""

    def replace(resource):
        model = _photo.Model(resource)
        monkeypatch.setattr(photo, "default_model", lambda: model)

    return replace


def shipped():
    return photo.files("centnn.image").joinpath("photo.bin").read_bytes()


def equal(data, resource, upto=None):
    """Decode a file by both decoders; return the image, (H, W, channels)."""
    expected = reference_photo.unpack(data, resource, N_LAYERS if upto is None else upto)
    found = photo.unpack(data, 1 << 20, upto).reshape(expected.shape)
    assert np.array_equal(found, expected)
    return found


def picture(kind, height, width, channels, seed=0):
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    if kind == "noise":
        return random.integers(0, 256, (height, width, channels), np.uint8)
    if kind == "edges":
        tiles = ((x // 5 + y // 7) % 2 * 255).astype(np.uint8)
        return np.repeat(tiles[:, :, None], channels, axis=2)
    waves = [128 + 90 * np.sin(x / (7 + c) + y / 9 + c) for c in range(channels)]
    return np.clip(
        np.stack(waves, 2) + random.normal(0, 5, (height, width, channels)), 0, 255
    ).astype(np.uint8)


# The first coefficient of a block, 0: a symbol of 16 that are as likely, 4 bits. Then 22 times the
# answer that a stretch is empty: 64 slots, 9 bits. All bits are 0: the state grows from 2^16 by a
# factor of 512 each and one of 16, loses 16 of them twelve times and ends at 2^26.
FLAT = bytes.fromhex("00000004") + bytes(24)


def test_by_hand(use):
    resource = resource_of()
    use(resource)
    data = file_of(resource, (8, 8), [FLAT])
    assert data[:9].hex(" ") == "89 43 56 51 02 02 00 08 00"
    assert data[13:-32].hex(" ") == "08 08 40 00 63 00 01 1c"
    assert (equal(data, resource) == 128).all()
    assert photo.code(np.full((8, 8, 1), 128, np.uint8), None, 64)[21:-4] == FLAT


def test_tables_adapt_by_hand():
    table = [2048 * i for i in range(16)] + [2**15]
    stream = reference_photo.Stream(struct.pack("<I", 2**31 + 4095))
    assert stream.symbol(table, 7) == 1  # slot 4095 is the last one of symbol 1
    assert stream.x == 2048 * 2**16 + 4095 - 2048
    # start[1] goes down towards 2, start[2] up towards 2^15 - 28, by 1/128 of the way.
    assert table[:3] == [0, 2048 + (2 - 2048) // 128, 4096 + (32740 - 4096) // 128]


def test_answers_adapt_by_hand():
    slots = [64]
    stream = reference_photo.Stream(struct.pack("<I", 2**31 + 63))
    assert stream.answer(slots, 0)  # slot 63 is the last one of yes
    assert stream.x == 64 * 2**16 + 63
    assert slots == [64 + (32704 - 64) // 16]


@pytest.mark.parametrize("kind", ["noise", "edges", "smooth"])
@pytest.mark.parametrize(
    ("shape", "halved"),
    [
        ((1, 1, 1), False),
        ((24, 40, 1), False),
        ((1, 1, 3), True),
        ((35, 51, 3), True),
        ((40, 17, 3), True),
        ((9, 70, 3), True),
        ((17, 33, 3), False),
    ],
    ids=str,
)
def test_decodes_as_specified(kind, shape, halved):
    image = picture(kind, *shape)
    quality = {"noise": 90, "edges": 50, "smooth": 75}[kind]
    data = photo.code(image, None, photo.step_of(quality), halved=halved)
    restored = equal(data, shipped()).astype(int)
    assert np.abs(restored - image).mean() < {"noise": 64, "edges": 40, "smooth": 12}[kind]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("filtered", [False, True])
def test_several_bands_and_scans(monkeypatch, channels, filtered):
    monkeypatch.setattr(photo, "BAND_PIXELS", 256)
    monkeypatch.setattr(photo, "LEAST_UNITS", 1)
    monkeypatch.setattr(photo, "SCANS_FROM", 0)
    image = picture("smooth", 45, 30, channels)
    units = 1 if channels == 3 else 2  # of 3 and 6: three bands
    assert photo._band_units(30, 45, halved=channels == 3) == units
    alpha = picture("edges", 45, 30, 1)[:, :, 0]
    data = photo.code(image, alpha, photo.step_of(80), filtered=filtered)
    assert np.array_equal(equal(data, shipped())[:, :, -1], alpha)
    for n_threads in (2, 3):
        assert np.array_equal(photo.unpack(data, 9999, None, n_threads), photo.unpack(data, 9999))


@pytest.mark.parametrize("upto", range(1, N_LAYERS))
@pytest.mark.parametrize("scans_from", [0, 1 << 30])
def test_every_layer(monkeypatch, upto, scans_from):
    monkeypatch.setattr(photo, "SCANS_FROM", scans_from)
    data = photo.code(picture("edges", 20, 30, 3), None, photo.step_of(70))
    equal(data, shipped(), upto)


@pytest.mark.parametrize("has_alpha", [False, True])
def test_the_beginning_of_a_file(monkeypatch, has_alpha):
    monkeypatch.setattr(photo, "SCANS_FROM", 0)
    monkeypatch.setattr(photo, "BAND_PIXELS", 256)
    monkeypatch.setattr(photo, "LEAST_UNITS", 1)
    alpha = picture("edges", 40, 40, 1)[:, :, 0] if has_alpha else None
    data = photo.code(picture("smooth", 40, 40, 3), alpha, photo.step_of(80))
    by_layers = {n: photo.unpack(data, 9999, n) for n in photo.SCAN_ENDS[:-1]}
    seen = set()
    for n in range(len(data) - 4):
        try:
            found = photo.unpack(data[:n], 9999, N_LAYERS - 1)
        except ValueError as error:
            assert "truncated" in str(error) or "not a .cvq file" in str(error)
            continue
        whole = photo.read(data[:n], N_LAYERS - 1).n_layers
        assert np.array_equal(found, by_layers[whole])
        seen.add(whole)
    assert seen == set(by_layers)


# Whatever the codebooks: the largest predictors let sums overflow and coefficients be limited.
@pytest.mark.parametrize("predictor_limit", [0, 500, 32767])
@pytest.mark.parametrize("n_bins", [(0, 0), (1, 0), (3, 2), (15, 15)])
@pytest.mark.parametrize("channels", [1, 3])
def test_random_resources_and_streams(use, n_bins, predictor_limit, channels):
    random = np.random.default_rng(predictor_limit + 31 * sum(n_bins) + channels)
    resource = resource_of(n_bins, random, predictor_limit)
    use(resource)
    equal(photo.code(picture("noise", 17, 25, channels), None, 4096), resource)
    # Of streams at random, all that is said of unlikely symbols is needed.
    for upto in (1, 5, 22):
        scan = random.integers(1, 256, 1 << 14, np.uint8).tobytes()
        form = dict(colour=channels - 1, steps=(4096,) * (channels + 1 >> 1))
        equal(file_of(resource, (17, 25), [scan], **form), resource, upto)


GREY_HEADER = dict(size=(8, 8), scans=[FLAT])
COLOUR_HEADER = dict(size=(8, 8), scans=[FLAT], colour=2, steps=(64, 64))


@pytest.mark.parametrize(
    "wrong",
    [
        GREY_HEADER | dict(colour=1),
        GREY_HEADER | dict(colour=3),
        GREY_HEADER | dict(flags=2),
        GREY_HEADER | dict(flags=8),
        GREY_HEADER | dict(flags=1),
        GREY_HEADER | dict(size=(0, 8)),
        GREY_HEADER | dict(size=(8, 0)),
        GREY_HEADER | dict(size=(0x81, 0x80, 0x80, 0x08, 8)),  # 2^24 + 1
        GREY_HEADER | dict(size=(0xFF, 0xFF, 0xFF, 0xFF, 0x10, 8)),  # 2^32 and more
        GREY_HEADER | dict(size=(0x80, 0x80, 0x80, 0x80, 0x80, 8)),
        GREY_HEADER | dict(steps=(63,)),
        GREY_HEADER | dict(steps=(4097,)),
        COLOUR_HEADER | dict(steps=(64, 63)),
        COLOUR_HEADER | dict(steps=(64, 4097)),
        GREY_HEADER | dict(units=0),
        GREY_HEADER | dict(ends=(0,), scans=[FLAT, FLAT]),
        GREY_HEADER | dict(ends=(23,), scans=[FLAT, FLAT]),
        GREY_HEADER | dict(ends=(5, 5), scans=[FLAT, FLAT, FLAT]),
        GREY_HEADER | dict(ends=range(1, 24), scans=[FLAT] * 24),
        GREY_HEADER | dict(scans=[FLAT, b""]),
        GREY_HEADER | dict(scans=[b""]),
        GREY_HEADER | dict(scans=[FLAT[:-1]]),
        GREY_HEADER | dict(scans=[FLAT[:-2]]),
        GREY_HEADER | dict(scans=[FLAT + bytes(1)]),
        GREY_HEADER | dict(scans=[FLAT + bytes(2)]),
        GREY_HEADER | dict(scans=[bytes(28)]),
        GREY_HEADER | dict(scans=[FLAT[:-2] + b"\x01\x00"]),
    ],
    ids=str,
)
def test_what_breaks_a_rule_is_refused(use, wrong):
    resource = resource_of()
    use(resource)
    assert photo.unpack(file_of(resource, **GREY_HEADER), 64).shape == (8, 8)
    with pytest.raises(ValueError, match=r"data is (corrupted|truncated)"):
        photo.unpack(file_of(resource, **wrong), 1 << 20)


def test_every_damaged_byte_is_refused(use):
    resource = resource_of()
    use(resource)
    data = file_of(resource, **GREY_HEADER)
    for i in range(len(data)):
        with pytest.raises(ValueError, match="data "):
            photo.unpack(data[:i] + bytes([data[i] ^ 1]) + data[i + 1 :], 1 << 20)
        with pytest.raises(ValueError, match="data "):
            photo.unpack(data[:i], 1 << 20)


def test_resources_that_break_a_rule():
    resource = resource_of((1, 1))
    _photo.Model(resource)
    group = 2  # the first group: n1 = 1, two bytes in
    wrong = {0: 0, 1: 16, group + 1: 0x40, group + 64: 16, group + 129: 0, group + 145: 8}
    wrong |= {group + 161: 128, group + 194: 0x80}
    for at, value in wrong.items():
        damaged = bytearray(resource)
        damaged[at] = value
        with pytest.raises(ValueError, match="codebooks"):
            _photo.Model(bytes(damaged))
    for damaged in (resource[:-1], resource + b"\0", b""):
        with pytest.raises(ValueError, match="codebooks"):
            _photo.Model(damaged)


class Recorder(reference_photo.Stream):
    """A stream that notes its length, and each symbol with the sizes of all it could have been."""

    streams, seen = [], []  # lengths; symbols and sizes

    def __init__(self, data):
        super().__init__(data)
        self.streams.append(len(data))

    def symbol(self, table, rate=None):
        sizes = np.diff(table)
        symbol = super().symbol(table, rate)
        self.seen.append((symbol, sizes))
        return symbol

    def answer(self, slots, i):
        sizes = np.array([slots[i], 2**15 - slots[i]])
        yes = super().answer(slots, i)
        self.seen.append((int(not yes), sizes))
        return yes

    def bits(self, n):
        bits = super().bits(n)
        if n:
            self.seen.append((bits, np.full(2**n, 2 ** (15 - n))))
        return bits


@pytest.mark.parametrize("kind", ["noise", "smooth"])
def test_as_short_as_constriction(monkeypatch, kind):
    constriction = pytest.importorskip("constriction")
    monkeypatch.setattr(photo, "SCANS_FROM", 1 << 30)
    data = photo.code(picture(kind, 96, 96, 1), None, photo.step_of(80))
    monkeypatch.setattr(Recorder, "streams", [])
    monkeypatch.setattr(Recorder, "seen", [])
    monkeypatch.setattr(reference_photo, "Stream", Recorder)
    reference_photo.unpack(data, shipped())
    categorical = constriction.stream.model.Categorical
    coder = constriction.stream.stack.AnsCoder()
    for symbol, sizes in reversed(Recorder.seen):
        coder.encode_reverse(symbol, categorical(sizes / 2**15, perfect=False))
    (n_bytes,) = Recorder.streams
    assert abs(n_bytes - 4 * len(coder.get_compressed())) <= 0.001 * n_bytes + 8
