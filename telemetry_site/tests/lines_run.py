"""How much of the program runs for something, counted in lines: the same on every machine, busy or not."""

import sys
from collections.abc import Callable
from types import CodeType

_TOOL = sys.monitoring.OPTIMIZER_ID


def lines_run(action: Callable[[], object]) -> int:
    """How many lines of Python an action runs, libraries included."""
    monitoring, taken = sys.monitoring, 0

    def count(_code: CodeType, _line: int) -> None:
        nonlocal taken
        taken += 1

    monitoring.use_tool_id(_TOOL, "lines run")
    monitoring.register_callback(_TOOL, monitoring.events.LINE, count)
    try:
        monitoring.set_events(_TOOL, monitoring.events.LINE)
        action()
    finally:
        monitoring.set_events(_TOOL, 0)
        monitoring.register_callback(_TOOL, monitoring.events.LINE, None)
        monitoring.free_tool_id(_TOOL)
    return taken
