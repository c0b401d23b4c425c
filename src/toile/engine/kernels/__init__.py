"""Blocks of layers that compute their own gradients, in place of autograd.

Letters of shapes in all files here: n pictures, c channels, h rows and w columns of them, f
filters, k classes. A *position* is one pixel of one picture. Each file begins with what it
computes, why that is faster, and what it must agree with. Where no other machine is named, figures
are of
one core of an EPYC (Zen 5, AVX512-BF16), torch 2.13, in microseconds; docs/log.md has how they were
taken.
"""
