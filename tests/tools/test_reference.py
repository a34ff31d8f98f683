"""The reference pages: as the source says, of everything that there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reconciler.cli.main import VERBS
from reconciler.model.kinds import KINDS, Kind
from reconciler.model.schemas import build_schemas
from reconciler.providers import BUILT_IN
from tools import reference
from tools.reference import environment, fields, markdown, verbs

PAGES = reference.render()


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_page_is_as_the_source_says(path: Path) -> None:
    assert path.read_text("utf-8") == PAGES[path], "make reference WRITE=1"


def test_no_page_is_left_over() -> None:
    assert set(reference.FOLDER.iterdir()) <= PAGES.keys()


def test_every_field_of_every_kind_is_there() -> None:
    page = PAGES[reference.FOLDER / "kinds.md"]
    common = page.partition("## Fields of every kind")[2].partition("\n## ")[0]
    for kind in KINDS:
        own = page.partition(f"\n## {kind}\n")[2].partition("\n## ")[0]
        for field in build_schemas()[kind]["properties"]["spec"]["properties"]:
            assert f"| `{field}` |" in own + common, f"{kind}.{field}"


def test_every_flag_of_every_verb_is_there() -> None:
    page = PAGES[reference.FOLDER / "verbs.md"]
    assert {verb for verb, _ in verbs.commands()} >= set(VERBS)
    for verb, command in verbs.commands():
        section = page.partition(f"\n## {verb}\n")[2].partition("\n## ")[0]
        for option in command.params:
            assert all(f"`{name}`" in section for name in option.opts if name.startswith("-")), f"{verb} {option.name}"


def test_the_readme_names_every_kind_and_verb() -> None:
    readme = (reference.ROOT / "README.md").read_text("utf-8")
    assert [name for name in (*KINDS, *VERBS) if f"`{name}`" not in readme] == []


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_the_readme_and_the_schemas_say_of_a_kind_what_the_code_knows(kind: Kind) -> None:
    """Which fields it has, and which providers can hold it: sentences next to the tables that decide it."""
    common = ("display_name", "description", "enabled")
    own = ", ".join(f"`{field.name}`" for field in kind.fields if field.name not in common)
    readme = (reference.ROOT / "README.md").read_text("utf-8")
    (row,) = re.findall(rf"^\| `{kind.name}` \| (.*) \| (.*) \| (.*) \|$", readme, re.MULTILINE)
    able = [kind.name in BUILT_IN[name].abilities().kinds for name in ("opensearch", "confluent")]
    assert (row[0], [cell.startswith("yes") for cell in row[1:]]) == (own, able)
    assert ["OpenSearch" in kind.description, "Confluent" in kind.description] == able


def test_every_variable_that_the_source_reads_is_named() -> None:
    named = {
        *environment.OTHERS,
        *environment.NOT_READ,
        *(name for group in environment.GROUPS.values() for name in group),
    }
    assert environment.read_by_the_source() == named, "say in tools/reference/environment.py what each is for"


def test_an_attribute_of_a_module_is_no_variable() -> None:
    source = 'getattr(os, "O_BINARY", 0); environ.get("CI"); here.environ["HOME"]; NAMES = {"CI_JOB_URL", "not_one"}'
    assert set(environment.find_names(source)) == {"CI", "HOME", "CI_JOB_URL"}


def test_a_table_survives_bars_and_angles() -> None:
    row = markdown.table(["a"], [[markdown.code("x|y")], [markdown.prose("<id_prefix>_<name> or `a|b`")]])
    assert row.splitlines()[2:] == [
        "| <code>x&#124;y</code> |",
        "| `<id_prefix>_<name>` or <code>a&#124;b</code> |",
    ]


def test_nested_fields_are_named_with_what_they_are_in() -> None:
    schema = {
        "$defs": {"Rule": {"type": "object", "properties": {"when": {"enum": ["now", "later"]}}, "required": ["when"]}},
        "targets": {"type": "object", "additionalProperties": {"$ref": "#/$defs/Rule"}},
        "rules": {"type": "array", "items": {"$ref": "#/$defs/Rule"}},
    }
    properties = {name: schema[name] for name in ("targets", "rules")}
    assert [(name, kind, default) for name, kind, default, _ in fields.rows(schema, properties, ["rules"])] == [
        ("`rules`", "list of: map", "required"),
        ("`rules.when`", "`now` or `later`", "required"),
        ("`targets`", "map", ""),
        ("`targets.NAME.when`", "`now` or `later`", "required"),
    ]
