"""Tests of the benchmarks' own code; none of them measures time."""
