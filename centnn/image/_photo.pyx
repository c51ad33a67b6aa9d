"""Photo mode's codec, from csrc/photo: pixels to scans and files to pixels."""

from cython.parallel cimport prange
from libc.stddef cimport ptrdiff_t, size_t
from libc.stdint cimport int16_t, uint8_t, uint32_t
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memmove

import numpy as np

from centnn._search cimport Memory

cdef extern from "photo/photo.h" nogil:
    ctypedef enum centnn_photo_status:
        CENTNN_PHOTO_OK
        CENTNN_PHOTO_ERR_ISA
    enum:
        CENTNN_PHOTO_ALL
    ctypedef struct centnn_photo_model:
        uint32_t id
    ctypedef struct centnn_photo_file:
        uint32_t width, height
        int channels, is_halved, is_filtered
        int steps[2]
        int n_scans, n_bands, n_layers
        const uint8_t *alpha
        size_t alpha_size
        uint8_t scan_ends[CENTNN_PHOTO_ALL]
    const char *centnn_photo_status_string(centnn_photo_status status)
    size_t centnn_photo_model_size()
    centnn_photo_status centnn_photo_model_init(
        centnn_photo_model *model, const uint8_t *resource, size_t n)
    centnn_photo_status centnn_photo_read(
        centnn_photo_file *file, const centnn_photo_model *model, const uint8_t *data, size_t n,
        int n_layers)
    size_t centnn_photo_decode_size(const centnn_photo_file *file, int n_threads)
    centnn_photo_status centnn_photo_decode(
        const centnn_photo_file *file, const centnn_photo_model *model, int n_threads,
        void *memory, uint8_t *pixels, ptrdiff_t stride)

cdef extern from "photo/colour.h" nogil:
    ctypedef struct centnn_pixels:
        const uint8_t *at
        ptrdiff_t stride
        int width, height, channels
        bint halved
    void centnn_plane_line(const centnn_pixels *pixels, int plane, int y, uint8_t *line)

cdef extern from "photo/band.h" nogil:
    enum:
        MAX_PLANES
        MAX_SCANS
        MAX_BYTES
        USUAL_BYTES
        N_GROUPS
        N_COEFFICIENTS
        STEP_LEAST
        STEP_MOST
    ctypedef struct centnn_search_model:
        pass
    ctypedef struct centnn_picture:
        int width, height, n_planes
        bint halved
        int steps[2]
        int band_units, n_scans
        uint8_t scan_ends[MAX_SCANS]
    ctypedef struct centnn_extent:
        int rows, columns, width, height, first_row
    ctypedef struct centnn_trace:
        int16_t *wanted
        int16_t *residuals
        int16_t *decoded
        uint8_t *chosen
    ctypedef struct centnn_encoder_setup:
        const centnn_photo_model *model
        const centnn_search_model *search
        int n_candidates
        bint may_escape
        const centnn_trace *traces
    void centnn_search_model_init(centnn_search_model *search, const centnn_photo_model *model)
    int centnn_n_bands(const centnn_picture *picture)
    centnn_extent centnn_extent_of(const centnn_picture *picture, int plane, int band)
    size_t centnn_encode_size(const centnn_picture *picture, int n_bytes)
    const uint8_t *centnn_encode_band(
        const centnn_picture *picture, const centnn_encoder_setup *setup, int band,
        const centnn_pixels *pixels, int n_bytes, void *memory, size_t *lengths)
    ctypedef struct centnn_canvas:
        int rows, columns
        ptrdiff_t stride
        int16_t *pixels
    size_t centnn_canvas_size(const centnn_picture *picture, int plane)
    void centnn_canvas_init(
        centnn_canvas *canvas, const centnn_picture *picture, int plane, void *memory,
        uint8_t *textures)
    ctypedef struct centnn_scan:
        const uint8_t *bytes
        size_t n
    ctypedef struct centnn_photo_kernel:
        void (*unlap_row)(const centnn_canvas *canvas, int row) noexcept nogil
    size_t centnn_band_size(const centnn_picture *picture)
    bint centnn_decode_bands(
        const centnn_picture *picture, const centnn_photo_model *model, int first, int n_bands,
        const centnn_scan *const *scans, int n_layers, const centnn_canvas *canvases,
        void *memory)
    const centnn_photo_kernel *centnn_photo_current_kernel()
    bint centnn_photo_set_isa(const char *name)

ALL_LAYERS = CENTNN_PHOTO_ALL
LEAST_STEP = STEP_LEAST
MOST_STEP = STEP_MOST


cdef class Model:
    """The codebooks and tables of photo mode, ready for use."""

    cdef Memory memory_of_model, memory_of_search
    cdef centnn_photo_model *model
    cdef centnn_search_model *search

    def __init__(self, bytes resource):
        self.memory_of_model = Memory(centnn_photo_model_size())
        self.memory_of_search = Memory(sizeof(centnn_search_model))
        self.model = <centnn_photo_model *> self.memory_of_model.start
        self.search = <centnn_search_model *> self.memory_of_search.start
        _check(centnn_photo_model_init(self.model, resource, len(resource)))
        centnn_search_model_init(self.search, self.model)

    @property
    def id(self):
        """What tells this model from others: the CRC-32 of its resource."""
        return self.model.id


cdef class Layout:
    """How a picture is cut into planes, bands and scans, and how coarse it is."""

    cdef centnn_picture picture

    def __init__(self, int width, int height, int n_planes, bint halved, steps, int band_units,
                 scan_ends):
        self.picture.width = width
        self.picture.height = height
        self.picture.n_planes = n_planes
        self.picture.halved = halved
        self.picture.steps[0], self.picture.steps[1] = steps
        self.picture.band_units = band_units
        self.picture.n_scans = len(scan_ends)
        for i, end in enumerate(scan_ends):
            self.picture.scan_ends[i] = end

    @property
    def n_bands(self):
        """Number of bands."""
        return centnn_n_bands(&self.picture)

    def plane_shape(self, int plane):
        """Return rows and columns of blocks of a plane."""
        extent = centnn_extent_of(&self.picture, plane, -1)
        return extent.rows, extent.columns


cdef centnn_pixels pixels_of(const uint8_t[:, :, ::1] image, bint halved):
    return centnn_pixels(
        &image[0, 0, 0], image.shape[1] * image.shape[2], <int> image.shape[1],
        <int> image.shape[0], <int> image.shape[2], halved
    )


def to_planes(const uint8_t[:, :, ::1] image, bint halved):
    """Split an image (H, W, 3) into planes (H, W) of Y, and of Cb and Cr, halved or not."""
    cdef centnn_pixels pixels = pixels_of(image, halved)
    cdef uint8_t[:, ::1] lines
    cdef int y
    height, width = image.shape[0], image.shape[1]
    small = (-(-height // 2), -(-width // 2)) if halved else (height, width)
    planes = [np.empty(shape, np.uint8) for shape in ((height, width), small, small)]
    for p, lines in enumerate(planes):
        for y in range(lines.shape[0]):
            centnn_plane_line(&pixels, p, y, &lines[y, 0])
    return planes


cdef class Encoder:
    """Codes a picture, band by band."""

    cdef Model model
    cdef Layout layout
    cdef const uint8_t[:, :, ::1] image
    cdef centnn_pixels pixels
    cdef centnn_encoder_setup setup
    cdef int n_bytes  # of a block on average that there is room for at first

    def __init__(self, Model model, Layout layout, const uint8_t[:, :, ::1] image,
                 int n_candidates, bint may_escape=True, int n_bytes=USUAL_BYTES):
        self.n_bytes = n_bytes
        self.model = model
        self.layout = layout
        self.image = image
        self.pixels = pixels_of(image, layout.picture.halved)
        self.setup.model = model.model
        self.setup.search = model.search
        self.setup.n_candidates = n_candidates
        self.setup.may_escape = may_escape

    def encode(self, int n_threads):
        """Return the scans (bytes) of each band."""
        if centnn_photo_current_kernel() == NULL:
            _check(CENTNN_PHOTO_ERR_ISA)
        cdef int n_bands = centnn_n_bands(&self.layout.picture)
        cdef int n_scans = self.layout.picture.n_scans
        cdef size_t *lengths = <size_t *> malloc(n_bands * n_scans * sizeof(size_t))
        cdef uint8_t **coded = <uint8_t **> malloc(n_bands * sizeof(uint8_t *))
        cdef int band
        cdef bint failed = not (lengths and coded)
        if not failed:
            # Idle threads would only be waited for.
            n_threads = min(n_threads, n_bands)
            for band in prange(n_bands, nogil=True, num_threads=n_threads, schedule="dynamic"):
                coded[band] = self.encode_band(band, lengths + band * n_scans)
        result = []
        for band in range(n_bands if not failed else 0):
            failed |= coded[band] == NULL
            at = 0
            scans = []
            for i in reversed(range(n_scans if not failed else 0)):
                length = lengths[band * n_scans + i]
                scans.append(coded[band][at:at + length])
                at += length
            result.append(scans[::-1])
            free(coded[band])
        free(coded)
        free(lengths)
        if failed:
            raise MemoryError
        return result

    cdef uint8_t *encode_band(self, int band, size_t *lengths) noexcept nogil:
        """Return the scans of a band in memory to be freed, or NULL if there is none left."""
        cdef uint8_t *coded = self.encode_within(self.n_bytes, band, lengths)
        if coded == NULL and self.n_bytes < MAX_BYTES:
            coded = self.encode_within(MAX_BYTES, band, lengths)
        return coded

    cdef uint8_t *encode_within(self, int n_bytes, int band, size_t *lengths) noexcept nogil:
        """Do so with room for so many bytes a block; NULL, too, if there are more."""
        cdef void *memory = malloc(centnn_encode_size(&self.layout.picture, n_bytes))
        cdef const uint8_t *coded = NULL
        cdef void *kept
        cdef size_t total = 0
        cdef int scan
        if memory != NULL:
            coded = centnn_encode_band(
                &self.layout.picture, &self.setup, band, &self.pixels, n_bytes, memory, lengths
            )
        if coded == NULL:
            free(memory)
            return NULL
        for scan in range(self.layout.picture.n_scans):
            total += lengths[scan]
        memmove(memory, coded, total)
        kept = realloc(memory, total)
        return <uint8_t *> (kept if kept != NULL else memory)

    def trace(self):
        """Return the scans of the only band, and what was seen and chosen in each plane.

        That is (rows, columns, 64) coefficients wanted, left over by prediction and decoded, and
        (rows, columns, groups + 1, 4) choices.
        """
        cdef centnn_trace traces[MAX_PLANES]
        cdef int16_t[:, :, ::1] numbers
        cdef uint8_t[:, :, :, ::1] chosen
        found = []
        for p in range(self.layout.picture.n_planes):
            shape = self.layout.plane_shape(p)
            arrays = [np.zeros((*shape, N_COEFFICIENTS), np.int16) for _ in range(3)]
            arrays.append(np.zeros((*shape, N_GROUPS + 1, 4), np.uint8))
            found.append(arrays)
            numbers = arrays[0]
            traces[p].wanted = &numbers[0, 0, 0]
            numbers = arrays[1]
            traces[p].residuals = &numbers[0, 0, 0]
            numbers = arrays[2]
            traces[p].decoded = &numbers[0, 0, 0]
            chosen = arrays[3]
            traces[p].chosen = &chosen[0, 0, 0, 0]
        self.setup.traces = traces
        try:
            return self.encode(1)[0], found
        finally:
            self.setup.traces = NULL


cdef class File:
    """A .cvq file of photo mode."""

    cdef bytes data  # which `file` points into
    cdef Model model
    cdef centnn_photo_file file

    def __init__(self, Model model, bytes data, int n_layers):
        self.data = data
        self.model = model
        _check(centnn_photo_read(&self.file, model.model, data, len(data), n_layers))

    @property
    def shape(self):
        """Height, width and channels, without alpha."""
        return self.file.height, self.file.width, self.file.channels

    @property
    def halved(self):
        """Whether Cb and Cr have half the rows and columns."""
        return bool(self.file.is_halved)

    @property
    def filtered(self):
        """Whether decoding ends with a filter."""
        return bool(self.file.is_filtered)

    @property
    def scan_ends(self):
        """The layer after the last one of each scan."""
        return tuple(self.file.scan_ends[:self.file.n_scans])

    @property
    def steps(self):
        """Steps of luma and chroma, in 64ths."""
        return self.file.steps[0], self.file.steps[1]

    @property
    def n_layers(self):
        """How many layers will be decoded."""
        return self.file.n_layers

    @property
    def alpha(self):
        """The packed alpha channel; empty if there is none."""
        return self.file.alpha[:self.file.alpha_size]

    def decode(self, int n_threads):
        """Return the pixels (H, W, channels)."""
        result = np.empty(self.shape, np.uint8)
        cdef uint8_t[:, :, ::1] pixels = result
        cdef Memory memory = Memory(centnn_photo_decode_size(&self.file, n_threads))
        cdef void *address = memory.start
        cdef centnn_photo_status status
        with nogil:
            status = centnn_photo_decode(
                &self.file, self.model.model, n_threads, address, &pixels[0, 0, 0],
                pixels.shape[1] * pixels.shape[2]
            )
        _check(status)
        return result


def canvas(Model model, Layout layout, scans, int plane):
    """Return what the scans of the only band give before the last filter: pixels in eighths of a
    grey level, less 128 of those, and the texture of each block."""
    cdef centnn_canvas canvases[MAX_PLANES]
    cdef centnn_scan all_scans[MAX_SCANS]
    cdef const centnn_scan *of_band = all_scans
    cdef uint8_t[::1] space
    cdef uint8_t[:, ::1] textures
    cdef Memory memory
    cdef int row
    spaces, results = [], []
    for p in range(layout.picture.n_planes):
        spaces.append(np.empty(centnn_canvas_size(&layout.picture, p), np.uint8))
        results.append(np.empty(layout.plane_shape(p), np.uint8))
        space, textures = spaces[p], results[p]
        centnn_canvas_init(&canvases[p], &layout.picture, p, &space[0], &textures[0, 0])
    for i, scan in enumerate(scans):
        all_scans[i].bytes = scan
        all_scans[i].n = len(scan)
    memory = Memory(centnn_band_size(&layout.picture))
    if not centnn_decode_bands(
        &layout.picture, model.model, 0, 1, &of_band, CENTNN_PHOTO_ALL, canvases, memory.start
    ):
        raise ValueError("scans must be those of this layout")
    for row in range(-1, canvases[plane].rows):
        centnn_photo_current_kernel().unlap_row(&canvases[plane], row)
    rows, columns = 8 * canvases[plane].rows, 8 * canvases[plane].columns
    pixels = np.empty((rows, columns), np.int16)
    for row in range(rows):
        pixels[row] = <int16_t[:columns]> (canvases[plane].pixels + row * canvases[plane].stride)
    return pixels, results[plane]


def set_isa(str name):
    """Use the instructions of this name; ValueError if that cannot be."""
    if not centnn_photo_set_isa(name.encode()):
        raise ValueError(f"name must be an instruction set that works here, got {name!r}")


cdef _check(centnn_photo_status status):
    if status != CENTNN_PHOTO_OK:
        raise ValueError(centnn_photo_status_string(status).decode())
