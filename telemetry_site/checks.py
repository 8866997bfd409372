"""System checks for combinations of settings that each are valid but do not go together."""

from __future__ import annotations
