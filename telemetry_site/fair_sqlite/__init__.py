"""Django's backend for SQLite, where those who want to write stand in line (`base.py`, `turns.py`)."""
