"""Runnable benchmarks and the corpus amplifier they share."""
