"""YAML -> checked manifests, and the project file. What people write, up to the point where a target comes in.

The tour, in the order in which a file takes it:

    files          paths -> texts, if they are safe to read
    documents      YAML text -> plain values (values: of each node; yaml_errors: what the parser refuses, in words)
    check          a value against the JSON Schema of its kind: a quick yes; or no, and then
    wording          what is wrong, in our own words (words: how they speak of paths and keys)
    lint           what no schema can say
    manifest       the checked document with its place: Manifest, Source
    load           all of these together: load_manifests -> Loaded, findings included
    specs          a spec with defaults and overrides merged in -> its model: parse_spec
    load_project   the same for reconciler.yaml: find_project, load_project -> Project (project_rules: its lint)

The models are in `kinds` and `project`, made of the types in `fields` and `secret_fields`. `schema_build` makes
the JSON Schemas from them, `publish` writes those to `schemas/`, and `schemas` reads them back: one source for
editors, for `validate` and for the code. Secrets stay references here, and no message repeats a value.
"""

from reconciler.manifests.kinds import KindSpec
from reconciler.manifests.load import Loaded, load_manifests
from reconciler.manifests.load_project import find_project, load_project, load_project_text
from reconciler.manifests.manifest import Manifest, Source
from reconciler.manifests.project import Project, Target
from reconciler.manifests.schemas import load_schema
from reconciler.manifests.specs import SpecError, parse_spec

__all__ = [
    "KindSpec",
    "Loaded",
    "Manifest",
    "Project",
    "Source",
    "SpecError",
    "Target",
    "find_project",
    "load_manifests",
    "load_project",
    "load_project_text",
    "load_schema",
    "parse_spec",
]
