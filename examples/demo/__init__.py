"""The demo project and the script that walks through it (`make demo`)."""
