"""The bench's own logic: medians, history, regressions, and how OpenTofu is found. No speed is tested."""
