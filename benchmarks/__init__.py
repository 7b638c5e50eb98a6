"""Benchmarks: each figure stands beside its floor, measured interleaved in the same run. `make bench` prints them all."""
