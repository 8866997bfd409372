#!/usr/bin/env python
"""Agent Ledger's command line: `manage.py help` lists the commands."""

from __future__ import annotations

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "telemetry_site.settings")
    from django.core.management import execute_from_command_line

    from telemetry_site.env import SettingError

    try:
        execute_from_command_line(sys.argv)
    except SettingError as error:
        # The person who mistyped a setting needs the sentence, not our stack.
        sys.exit(f"agent-ledger: {error}")


if __name__ == "__main__":
    main()
