"""The domain's types, as frozen values; everything else is written in terms of them.

`kinds` the kinds and their fields (one table) · `fields`, `secret_fields` how a field is written and read · `project`
the project file · `schemas` builds JSON Schemas from these tables · `values`, `resource` secrets,
resources and live objects · `evidence` what a test or a check established · `provider` the Protocol of a provider
and what it can hold · `masking` how a value is shown · `text` how messages speak of paths and names · `errors` the
error tree, with the exit codes. Nothing here reads, writes, prints or knows a provider. Nothing is imported here, since
start-up counts.
"""

__version__ = "0.1.0"
"""The tool's version; `pyproject.toml` reads it here."""
