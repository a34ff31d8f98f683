"""The page of the project file: every setting, and what each provider's targets may have."""

from __future__ import annotations

from reconciler.model.schemas import build_schemas
from reconciler.providers import BUILT_IN
from tools.reference.fields import field_table
from tools.reference.markdown import code, page, table

_INTRO = """`reconciler.yaml` names the systems and the rules of a project. `reconciler explain project` and
`reconciler explain project.targets.url` say the same on the command line. `NAME` stands for a name of your own."""

_DEFAULTS = """Under `spec.defaults`, each kind takes the fields that [its manifests](kinds.md) have: those which a
manifest omits get these values."""

_PROVIDERS = """What a target of each provider takes for `auth`, and what it does without `url` and `auth`."""


def render() -> str:
    """The page."""
    schema = build_schemas()["project"]
    spec = schema["properties"]["spec"]
    properties = {name: node for name, node in spec["properties"].items() if name != "defaults"}
    return page(
        "The project file",
        _INTRO,
        "## Header",
        field_table(schema, {"metadata": schema["properties"]["metadata"]}, ["metadata"]),
        "## Fields of spec",
        field_table(schema, properties, spec["required"]),
        "## Defaults by kind",
        _DEFAULTS,
        "## Providers",
        _PROVIDERS,
        _providers(),
    )


def _providers() -> str:
    rows = []
    for name, provided in BUILT_IN.items():
        settings = provided.settings
        address = settings.default_url and code(settings.default_url)
        if settings.url_variable:
            address = f"the variable {code(settings.url_variable)}, for the only target of this provider"
        login = " and ".join(code(variable) for variable in settings.default_login or ())
        rows.append([code(name), ", ".join(code(way) for way in sorted(settings.auth)), address, login or "no login"])
    return table(["provider", "auth", "without url", "without auth"], rows)
