"""An invented project with its agent's transcripts and plans, in the real formats.

Pure: writes files into a folder and knows nothing of the database or of the code that reads them.
"""

from .summary import DemoSummary, TokenTotals
from .writer import write_demo

__all__ = ["DemoSummary", "TokenTotals", "write_demo"]
