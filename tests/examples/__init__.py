"""Every project in `examples/` is loaded, planned and applied."""
