"""The types that samples and codewords may have: kernels are compiled once for each."""

from libc.stdint cimport uint8_t, uint16_t

ctypedef fused sample:
    uint8_t
    uint16_t
    float
    double

ctypedef fused real:
    float
    double
