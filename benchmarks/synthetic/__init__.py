"""Believable rows in any amount, written straight into the tables, for benchmarks of the answers."""
