"""YAML -> checked manifests, and the project file. What people write, up to the point where a target comes in.

In the order in which a file takes it: `files` paths -> texts, if they are safe to read · `documents` YAML text ->
plain values (`yaml_errors`: what the parser refuses, in words) · `manifest` a value against the JSON Schema of its
kind, and the checked document with its place; a spec with defaults and overrides merged in · `wording` what is wrong,
in our own words · `lint` what no schema can say · `load` all of these together · `load_project` the same for
reconciler.yaml. Secrets stay references here, and no message repeats a value.
"""
