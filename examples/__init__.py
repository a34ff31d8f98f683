"""Projects to read and copy. Each is loaded, planned and applied by a test."""
