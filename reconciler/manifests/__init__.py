"""YAML -> checked manifests, and the project file: what people write, before any target is looked at.

In the order of the steps:

- `files`: paths -> texts, if they are safe to read
- `documents`: YAML text -> plain values; `yaml_errors` words what the parser refuses
- `manifest`: checks a value against the JSON Schema of its kind; a checked document with its place in the file
- `wording`: words what a schema refuses
- `lint`: what no schema can check
- `load`: all of these together
- `load_project`: the same for reconciler.yaml

Secrets stay references here, and no message repeats a value.
"""
