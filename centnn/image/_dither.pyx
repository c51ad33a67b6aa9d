"""Error diffusion by Floyd and Steinberg, rows in turns from the left and from the right."""

from libc.stdint cimport uint8_t

import numpy as np


def floyd_steinberg(pixels, const float[:, ::1] palette):
    """Return the index of a colour of the palette (K, C) for each pixel (H, W, C), float32."""
    cdef const float[:, :, ::1] wanted = pixels
    cdef Py_ssize_t height = wanted.shape[0]
    cdef Py_ssize_t width = wanted.shape[1]
    cdef Py_ssize_t channels = wanted.shape[2]
    result = np.empty((height, width), np.uint8)
    cdef uint8_t[:, ::1] indices = result
    # Errors of the row above and of this one, with a pixel more at either end.
    error_array = np.zeros((2, width + 2, channels), np.float32)
    cdef float[:, :, ::1] errors = error_array
    cdef float[4] colour
    cdef float difference, distance, least
    cdef Py_ssize_t y, step, x, k, c, best, here, below, forward
    with nogil:
        for y in range(height):
            here = y & 1
            below = 1 - here
            forward = 1 - 2 * here
            errors[below, :, :] = 0
            for step in range(width):
                x = step if forward == 1 else width - 1 - step
                for c in range(channels):
                    colour[c] = min(max(wanted[y, x, c] + errors[here, x + 1, c], 0), 255)
                best = 0
                least = 1e30
                for k in range(palette.shape[0]):
                    distance = 0
                    for c in range(channels):
                        difference = colour[c] - palette[k, c]
                        distance += difference * difference
                    if distance < least:
                        least = distance
                        best = k
                indices[y, x] = <uint8_t> best
                for c in range(channels):
                    difference = (colour[c] - palette[best, c]) / 16
                    errors[here, x + 1 + forward, c] += 7 * difference
                    errors[below, x + 1 - forward, c] += 3 * difference
                    errors[below, x + 1, c] += 5 * difference
                    errors[below, x + 1 + forward, c] += difference
    return result
