"""Dropping the archived text of what ended long ago; every figure stays (docs/decisions/0081)."""
