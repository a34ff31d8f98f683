"""The secret fields: what may be written instead of a secret, read into the words of the domain, and its schema.

A literal becomes a SecretText, `{plain: ...}` a str, and everything else a SecretReference, which `secrets` resolves
later. Reader and schema stand side by side because they must accept the same; a property test holds them to it.
Messages never repeat a value, nor a key, since a template or a slip can make the secret itself the key.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

from pydantic import PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from reconciler.model.fields import (
    ADDRESS_PATTERN,
    ADDRESS_WORDS,
    HEADER_NAME_PATTERN,
    HEADER_VALUE_PATTERN,
    HEADER_VALUE_WORDS,
)
from reconciler.model.values import BUILT_IN_SOURCES, PUBLIC_HEADERS, RESERVED_NAMES, SecretReference, SecretText

SecretValue: TypeAlias = SecretText | SecretReference | str
"""A literal, a reference, or a value that is declared to be no secret."""

SOURCE_NAME_PATTERN = "^[a-z][a-z0-9_-]{0,39}$"
_ENV_PATTERN = "^[A-Za-z_][A-Za-z0-9_]*$"
_FORM_PATTERN = "^[^{}\\r\\n\\u0000]*\\{\\}[^{}\\r\\n\\u0000]*$"
_PUBLIC_HEADER = "^({})$".format(
    "|".join(
        "".join(f"[{letter.upper()}{letter}]" if letter.isalpha() else letter for letter in name)
        for name in sorted(PUBLIC_HEADERS)
    )
)


def definition(name: str) -> dict[str, Any]:
    """A stand-in for a reference to SECRET_SCHEMAS; pydantic's generator follows only references of its own making."""
    return {"definition": name}


@dataclass(frozen=True)
class _SecretForm:
    """One sort of secret field: the form of its text, and whether it has a live value that can be kept."""

    name: str
    title: str
    pattern: str
    words: str
    example: str
    live: bool = True

    def read(self, value: Any) -> SecretValue:
        """The value in the words of the domain; a PydanticCustomError without any of it if it is none."""
        if isinstance(value, str):
            return SecretText(self._text(value))
        if not isinstance(value, Mapping):
            raise _error("must be a string or a secret reference")
        if "plain" in value:
            return self._text(_only(value, "plain"))
        if "format" in value:
            return self._formatted(value)
        if "live" in value:
            if _only(value, "live") is not True or not self.live:
                raise _error("{live: true} cannot stand here")
            return SecretReference("live")
        return _reference(value)

    def _text(self, value: Any) -> str:
        if not isinstance(value, str) or not matches(self.pattern, value):
            raise _error(self.words)
        return value

    def _formatted(self, value: Mapping[str, Any]) -> SecretValue:
        form = value["format"]
        if set(value) != {"format", "from"} or not isinstance(form, str) or not matches(_FORM_PATTERN, form):
            raise _error("must be {format: 'Bearer {}', from: REFERENCE}")
        inner = _PART.read(value["from"])
        if isinstance(inner, SecretReference):
            form = form.replace("{}", inner.form) if inner.form else form
            return SecretReference(inner.source, inner.argument, inner.key, form)
        if isinstance(inner, SecretText):
            return SecretText(form.replace("{}", inner.reveal()))
        return form.replace("{}", inner)

    def schema(self) -> dict[str, Any]:
        """The JSON Schema of the field; `from` refers to the schema of a part."""
        own = {"type": "string", "pattern": self.pattern, "patternErrorMessage": self.words}
        plain = {**own, "description": "Not a secret: it is shown."}
        form = {"type": "string", "pattern": _FORM_PATTERN, "patternErrorMessage": _FORM_WORDS}
        part = definition(_PART.name)
        branches = [
            {**own, "description": "The value itself. A secret does not belong in a file: prefer a reference."},
            _branch("A value that is not a secret, and is shown.", {"plain": plain}),
            *(_source_branch(name) for name in BUILT_IN_SOURCES),
            _branch("A value with text around it.", {"format": form, "from": part}),
            _CUSTOM_BRANCH,
        ]
        if self.live:
            branches.insert(-1, _branch("Keep the value that the live object has.", {"live": {"const": True}}))
        return {
            "title": self.title,
            "description": f"{self.title}, or where it is kept.",
            "examples": [{"env": "NAME"}, {"file": "secrets/value"}, {"plain": self.example}],
            "errorMessage": "must be a string or a secret reference, as {env: NAME} or {file: PATH}",
            "anyOf": branches,
        }


def matches(pattern: str, value: str) -> bool:
    """Whether a whole text has the form; `$` means the very end. `re` keeps what it compiled."""
    return re.search(pattern.removesuffix("$") + r"\Z", value) is not None


_FORM_WORDS = "must hold {} once, where the value goes, and no other braces"


def _error(words: str) -> PydanticCustomError:
    return PydanticCustomError("secret", words.replace("{", "(").replace("}", ")"))


def _only(value: Mapping[str, Any], key: str) -> Any:
    if len(value) != 1:
        raise _error(f"takes nothing besides {key}")
    return value[key]


_KEYED: Mapping[str, bool] = {"sops": True, "vault": True, "aws_secret": False, "secret": True}
"""Sources that take a `key` besides their argument, and whether they must have one."""


_KUBERNETES_NAME = r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"
_KUBERNETES_KEY = r"^\.?[-_a-zA-Z0-9][-._a-zA-Z0-9]*$"
"""The form of a Kubernetes Secret's name and of a key in it: neither leads out of a folder."""


def _reference(value: Mapping[str, Any]) -> SecretReference:
    names = [name for name in value if name != "key"]
    source = names[0] if len(names) == 1 else ""
    if source not in BUILT_IN_SOURCES and (source in RESERVED_NAMES or not matches(SOURCE_NAME_PATTERN, str(source))):
        raise _error("must be a secret reference of one source")
    if "key" in value and source not in _KEYED:
        raise _error("this source takes no key")
    if "key" not in value and _KEYED.get(source, False):
        raise _error("this source needs a key")
    argument, key = value[source], value.get("key", "")
    if not isinstance(argument, str) or not argument or (source == "env" and not matches(_ENV_PATTERN, argument)):
        raise _error("the name in the secret reference has the wrong form")
    if source == "secret" and not (matches(_KUBERNETES_NAME, argument) and matches(_KUBERNETES_KEY, str(key))):
        raise _error("the name or key is not one that a Kubernetes Secret can have")
    if not isinstance(key, str) or ("key" in value and not key):
        raise _error("the key in the secret reference must be a string")
    return SecretReference(source, argument, key)


def _branch(description: str, properties: dict[str, Any], optional: frozenset[str] = frozenset()) -> dict[str, Any]:
    return {
        "type": "object",
        "description": description,
        "properties": properties,
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
    }


_SOURCE_WORDS = {
    "env": ("An environment variable.", "The variable's name."),
    "file": ("A file; one newline at its end is left out.", "Its path, relative to the project file."),
    "sops": ("A value in a file that sops encrypts.", "The file, relative to the project file."),
    "vault": ("A value in HashiCorp Vault, reached by the usual VAULT_* variables.", "The path of the secret."),
    "aws_secret": ("A value in AWS Secrets Manager.", "The name or ARN of the secret."),
    "secret": (
        "A key of a Secret: the file NAME/KEY below spec.secrets.dir, else RECONCILER_SECRET_<NAME>_<KEY>.",
        "The name of the Secret.",
    ),
}


def _source_branch(name: str) -> dict[str, Any]:
    about, argument = _SOURCE_WORDS[name]
    schema: dict[str, Any] = {"type": "string", "minLength": 1, "description": argument}
    if name == "env":
        schema |= {"pattern": _ENV_PATTERN, "patternErrorMessage": "must be the name of an environment variable"}
        del schema["minLength"]
    properties = {name: schema}
    if name in _KEYED:
        properties["key"] = {"type": "string", "minLength": 1, "description": "Which part of it, as a.b."}
    if name == "secret":
        schema |= {"pattern": _KUBERNETES_NAME, "patternErrorMessage": "must be the name of a Secret"}
        properties["key"] = {
            "type": "string",
            "pattern": _KUBERNETES_KEY,
            "patternErrorMessage": "must be a key of a Secret",
            "description": "Which key of it.",
        }
    return _branch(about, properties, frozenset() if _KEYED.get(name) else frozenset({"key"}))


_CUSTOM_BRANCH: dict[str, Any] = {
    "type": "object",
    "description": "A source that the project file defines: {SOURCE: ARGUMENT}.",
    "minProperties": 1,
    "maxProperties": 1,
    "propertyNames": {"pattern": SOURCE_NAME_PATTERN, "not": {"enum": sorted(RESERVED_NAMES)}},
    "additionalProperties": {"type": "string", "minLength": 1},
}

_PART = _SecretForm(
    "SecretPart", "A part of a secret value", HEADER_VALUE_PATTERN, HEADER_VALUE_WORDS, "public", live=False
)
_ADDRESS = _SecretForm(
    "SecretAddress", "An address that is a secret", ADDRESS_PATTERN, ADDRESS_WORDS, "https://example.org/hook"
)
_HEADER = _SecretForm("SecretHeader", "A header's value", HEADER_VALUE_PATTERN, HEADER_VALUE_WORDS, "blue")
_CREDENTIAL = _SecretForm("Credential", "A credential", HEADER_VALUE_PATTERN, HEADER_VALUE_WORDS, "admin", live=False)

SECRET_SCHEMAS: Mapping[str, Callable[[], dict[str, Any]]] = {
    form.name: form.schema for form in (_PART, _ADDRESS, _HEADER, _CREDENTIAL)
}
"""The definitions that schemas refer to by name."""


def _read_headers(value: Any) -> dict[str, SecretValue]:
    if not isinstance(value, dict):
        raise PydanticCustomError("headers", "must be a mapping")
    headers: dict[str, SecretValue] = {}
    for name, content in value.items():
        if not matches(HEADER_NAME_PATTERN, name):
            raise PydanticCustomError("headers", "has a key that is not a valid header name")
        read = _HEADER.read(content)
        if name.lower() in PUBLIC_HEADERS:
            if not isinstance(content, str):
                raise PydanticCustomError("headers", "has a value that must be a plain string")
            read = content
        headers[name] = read
    return headers


SecretAddress = Annotated[SecretValue, PlainValidator(_ADDRESS.read), WithJsonSchema(definition(_ADDRESS.name))]
Credential = Annotated[SecretValue, PlainValidator(_CREDENTIAL.read), WithJsonSchema(definition(_CREDENTIAL.name))]
Headers = Annotated[
    Mapping[str, SecretValue],
    PlainValidator(_read_headers),
    WithJsonSchema(
        {
            "type": "object",
            "propertyNames": {"pattern": HEADER_NAME_PATTERN, "patternErrorMessage": "is not a valid header name"},
            "patternProperties": {
                _PUBLIC_HEADER: {
                    "type": "string",
                    "pattern": HEADER_VALUE_PATTERN,
                    "patternErrorMessage": HEADER_VALUE_WORDS,
                }
            },
            "additionalProperties": definition(_HEADER.name),
        }
    ),
]
"""Header name -> value; the values of PUBLIC_HEADERS are plain text."""
