"""What Prometheus scrapes: stored counters and gauges of how things stand, in its text formats."""
