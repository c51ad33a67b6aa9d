"""What the model of neighbouring codes sees of each codeword."""

from libc.stdint cimport int32_t, uint32_t

cdef enum:
    FRACTION = 4  # fractional bits of grey levels, of which there are 256

cdef enum:
    LEFT = 0
    TOP = 1


cdef class Borders:
    cdef readonly int n_channels
    cdef Py_ssize_t n_codewords
    # Grey levels with FRACTION more bits. Of the left side and of the top: means, and the mean
    # square deviations from them, summed over the channels.
    cdef int32_t[:, :, ::1] entering  # (sides, channels, K)
    cdef int32_t[:, ::1] roughness  # (sides, K)
    # Of the right side and of the bottom: means, and the largest less the smallest.
    cdef int32_t[:, :, ::1] leaving
    cdef int32_t[:, ::1] span


cdef class Classes:
    cdef readonly Py_ssize_t n_classes
    # Of the right side and of the bottom of each codeword.
    cdef uint32_t[:, ::1] numbers  # (sides, K)
    cdef int32_t[:, ::1] middles  # (n_classes, channels): grey levels with FRACTION more bits
