"""Numbers of tool calls themselves, for what their rollups do not hold."""
