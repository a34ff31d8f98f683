"""Words what a schema refuses in a document, from the path and the schema's keyword, never from the value.

The `jsonschema` library is imported only here, and only after a compiled validator has said no, since loading it takes
longer than checking a good project. Its own messages repeat values, so none of them is used.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

from reconciler.model.errors import Problem
from reconciler.model.text import Path, quoted_key, suggest, type_name

Error = Any
"""A `jsonschema.ValidationError`; not typed, since the library is imported later, and its own types are too loose to
help."""

Words = tuple[str, str, str]
"""(message, rule, fix)."""

_TYPES = {
    "object": "a mapping",
    "array": "a list",
    "string": "a string",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
}


def word_problems(schema: Mapping[str, Any], document: Any) -> list[Problem]:
    """The problems that a schema finds in a document; none if jsonschema finds nothing wrong. Where a value has the
    wrong type, its other problems are left out."""
    errors = _validator_class()(schema).iter_errors(document)
    problems = dict.fromkeys(problem for error in errors for problem in _word(error))
    mistyped = {problem.path for problem in problems if problem.rule == "wrong-type"}
    return [problem for problem in problems if problem.rule == "wrong-type" or problem.path not in mistyped]


@cache
def _validator_class() -> Any:
    from jsonschema import Draft202012Validator, ValidationError, validators

    def match(_validator: Any, pattern: str, instance: Any, _schema: Any) -> Iterator[Any]:
        """A pattern whose `$` only matches at the very end, as in other engines; Python's also matches before a last
        newline."""
        if isinstance(instance, str) and not re.search(re.sub(r"\$$", r"\\Z", pattern), instance):
            yield ValidationError("does not match")

    extend: Any = validators.extend  # untyped in the library
    return extend(Draft202012Validator, {"pattern": match})


def _word(error: Error, *, secret: bool = False) -> Iterator[Problem]:
    """The problems of one error. `secret`: keys are not repeated, since one may be the secret in the wrong place."""
    path: Path = tuple(error.absolute_path)
    if error.validator == "anyOf":
        yield from _word_union(error, path)
    elif error.validator == "additionalProperties":
        yield from _word_unknown(error, path, secret=secret)
    elif error.validator == "required":
        for key in error.schema["required"]:
            if key not in error.instance:
                yield Problem((*path, key), "is missing", "missing-field", f"add {key}")
    else:
        yield _word_simple(error, path)


def _word_simple(error: Error, path: Path) -> Problem:
    message, rule, fix = _KEYWORDS.get(str(error.validator), _by_schema)(error.schema, error.instance)
    if list(error.absolute_schema_path)[-2:-1] == ["propertyNames"]:
        return Problem((*path, str(error.instance)), f"the key {message}", rule, fix, at_key=True)
    return Problem(path, message, rule, fix)


def _word_unknown(error: Error, path: Path, *, secret: bool) -> Iterator[Problem]:
    known = [key for key, schema in error.schema.get("properties", {}).items() if schema.get("not") != {}]
    shown = [key for key in known if not error.schema["properties"][key].get("readOnly")]
    patterns = error.schema.get("patternProperties", ())
    for key in error.instance:
        if key in known or any(re.search(pattern, key) for pattern in patterns):
            continue
        fix = suggest(key, shown) or f"known here: {', '.join(shown)}"
        if secret:
            yield Problem(path, "a secret reference does not take this key", "unknown-field", fix)
        else:
            yield Problem((*path, key), f"unknown field {quoted_key(key)}", "unknown-field", fix, at_key=True)


def _word_union(error: Error, path: Path) -> Iterator[Problem]:
    """The problems of a union: those of the branch that was meant, if it is clear which one that is."""
    by_branch: dict[int, list[Error]] = {}
    for child in error.context or ():
        by_branch.setdefault(int(child.relative_schema_path[0]), []).append(child)
    branches = error.schema["anyOf"]
    if branches[-1] == {"type": "null"}:  # in an override; null itself is valid, so the other branch was meant
        meant = [by_branch[0]]
    else:
        meant = [errors for index, errors in by_branch.items() if _is_meant(branches[index], errors, error.instance)]
    if len(meant) == 1:
        secret = "errorMessage" in error.schema
        yield from (problem for child in meant[0] for problem in _word(child, secret=secret))
    else:
        yield Problem(path, _by_schema(error.schema, error.instance)[0], "wrong-form")


def _is_meant(branch: Mapping[str, Any], errors: list[Error], value: Any) -> bool:
    if any(error.validator == "type" and not error.relative_path for error in errors):
        return False
    if isinstance(value, Mapping) and "maxProperties" in branch:  # any source at all: too general to be meant
        return False
    if isinstance(value, Mapping) and "required" in branch:
        return any(key in branch["properties"] for key in value if key != "key")
    return True


def _by_schema(schema: Mapping[str, Any], _value: Any) -> Words:
    return str(schema.get("errorMessage", "is not allowed here")), "not-allowed", ""


def _wrong_type(schema: Mapping[str, Any], value: Any) -> Words:
    wanted = schema["type"]
    fix = ""
    if value is None:
        return (
            f"must be {_TYPES[wanted]}, is empty",
            "wrong-type",
            "give it a value, or remove the key if it is optional",
        )
    if wanted == "string" and isinstance(value, (bool, int, float)):
        fix = "put it in quotes"
    elif wanted in ("boolean", "integer") and isinstance(value, str):
        fix = "write true or false, without quotes" if wanted == "boolean" else "write it without quotes"
    found = type_name(value)
    if wanted == "integer" and isinstance(value, float):
        found = "a fraction"
    return f"must be {_TYPES[wanted]}, is {found}", "wrong-type", fix


def _not_one_of(schema: Mapping[str, Any], value: Any) -> Words:
    choices = ", ".join(str(choice) for choice in schema["enum"])
    fix = suggest(value, schema["enum"]) if isinstance(value, str) else ""
    if value is False and "off" in schema["enum"]:
        fix = 'write "off" in quotes: as a bare word, kubectl and other readers of YAML 1.1 take it for false'
    return f"must be one of {choices}", "not-one-of", fix


def _not_the_one(schema: Mapping[str, Any], _value: Any) -> Words:
    wanted = schema["const"]
    return f"must be {'true' if wanted is True else wanted}", "not-one-of", ""


def _wrong_form(schema: Mapping[str, Any], _value: Any) -> Words:
    return str(schema.get("patternErrorMessage", "has the wrong form")), "wrong-form", ""


def _out_of_range(schema: Mapping[str, Any], _value: Any) -> Words:
    return f"must be from {schema['minimum']} to {schema['maximum']}", "out-of-range", ""


def _wrong_count(schema: Mapping[str, Any], _value: Any) -> Words:
    return str(schema.get("errorMessage", "may not be empty")), "wrong-form", ""


def _twice(_schema: Mapping[str, Any], _value: Any) -> Words:
    return "has the same item twice", "wrong-form", "keep one of them"


_KEYWORDS: Mapping[str, Callable[[Mapping[str, Any], Any], Words]] = {
    "type": _wrong_type,
    "enum": _not_one_of,
    "const": _not_the_one,
    "pattern": _wrong_form,
    "minimum": _out_of_range,
    "maximum": _out_of_range,
    "minLength": _wrong_count,
    "minItems": _wrong_count,
    "minProperties": _wrong_count,
    "maxProperties": _wrong_count,
    "uniqueItems": _twice,
}
