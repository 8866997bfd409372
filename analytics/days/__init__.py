"""Rollups of whole days above those of quarters: what answers about long periods are made of."""
