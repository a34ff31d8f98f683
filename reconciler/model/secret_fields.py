"""The secret fields: what may be written instead of a secret, its schema, and how it becomes a value of the domain.

A literal becomes a SecretText, `{plain: ...}` a str, and everything else a SecretReference, which `secrets` resolves
later. The readers take only what passed the schema, which is built here too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from reconciler.model.dataclass import dataclass
from reconciler.model.fields import HOST_AND_PATH, SCHEME, Form
from reconciler.model.values import BUILT_IN_SOURCES, PUBLIC_HEADERS, RESERVED_NAMES, SecretReference, SecretText

SecretValue = SecretText | SecretReference | str
"""A literal, a reference, or a value that is declared to be no secret."""

SOURCE_NAME_PATTERN = "^[a-z][a-z0-9_-]{0,39}$"
HEADER_NAME_PATTERN = "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$"
_ADDRESS_PATTERN = f"{SCHEME}([^ \\t\\r\\n\\u0000/?#@]*@)?{HOST_AND_PATH}"
_ADDRESS_WORDS = "must be an address that begins with https:// or http:// and has a host, without blanks"
_HEADER_VALUE_PATTERN = "^[^\\r\\n\\u0000]+$"
_HEADER_VALUE_WORDS = "must be one line, and not empty"
_ENV_PATTERN = "^[A-Za-z_][A-Za-z0-9_]*$"
_FORM_PATTERN = "^[^{}\\r\\n\\u0000]*\\{\\}[^{}\\r\\n\\u0000]*$"
_FORM_WORDS = "must hold {} once, where the value goes, and no other braces"
_KUBERNETES_NAME = r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"
_KUBERNETES_KEY = r"^\.?[-_a-zA-Z0-9][-._a-zA-Z0-9]*$"
"""The form of a Kubernetes Secret's name and of a key in it: neither leads out of a folder."""
_PUBLIC_HEADER = "^({})$".format(
    "|".join(
        "".join(f"[{letter.upper()}{letter}]" if letter.isalpha() else letter for letter in name)
        for name in sorted(PUBLIC_HEADERS)
    )
)


def _definition(name: str) -> dict[str, Any]:
    return {"$ref": f"#/$defs/{name}"}


def read_secret(value: Any) -> SecretValue:
    """A secret field in the words of the domain."""
    if isinstance(value, str):
        return SecretText(value)
    if "plain" in value:
        plain: str = value["plain"]
        return plain
    if "format" in value:
        return _formatted(value["format"], read_secret(value["from"]))
    if "live" in value:
        return SecretReference("live")
    (source,) = (name for name in value if name != "key")
    return SecretReference(source, value[source], value.get("key", ""))


def _formatted(form: str, inner: SecretValue) -> SecretValue:
    if isinstance(inner, SecretReference):
        form = form.replace("{}", inner.form) if inner.form else form
        return SecretReference(inner.source, inner.argument, inner.key, form)
    if isinstance(inner, SecretText):
        return SecretText(form.replace("{}", inner.reveal()))
    return form.replace("{}", inner)


def _read_headers(headers: Mapping[str, Any]) -> dict[str, SecretValue]:
    return {name: text if name.lower() in PUBLIC_HEADERS else read_secret(text) for name, text in headers.items()}


@dataclass(frozen=True)
class _SecretForm:
    """One sort of secret field: the form of its text, and whether it has a live value that can be kept."""

    name: str
    title: str
    pattern: str
    words: str
    example: str
    live: bool = True

    def schema(self) -> dict[str, Any]:
        """The JSON Schema of the field; `from` refers to the schema of a part."""
        own = {"type": "string", "pattern": self.pattern, "patternErrorMessage": self.words}
        plain = {**own, "description": "Not a secret: it is shown."}
        form = {
            "type": "string",
            "pattern": _FORM_PATTERN,
            "patternErrorMessage": _FORM_WORDS,
            "description": "The text, with {} in the place of the value.",
        }
        part = _definition(_PART.name)
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
            "description": f"{self.title}, or where it is kept.",
            "examples": [{"env": "NAME"}, {"file": "secrets/value"}, {"plain": self.example}],
            "errorMessage": "must be a string or a secret reference, such as {env: NAME} or {file: PATH}",
            "anyOf": branches,
        }


_KEYED: Mapping[str, bool] = {"sops": True, "vault": True, "aws_secret": False, "secret": True}
"""Sources that take a `key` besides their argument, and whether they must have one."""


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
    "SecretPart", "A part of a secret value", _HEADER_VALUE_PATTERN, _HEADER_VALUE_WORDS, "public", live=False
)
_ADDRESS = _SecretForm(
    "SecretAddress", "An address that is a secret", _ADDRESS_PATTERN, _ADDRESS_WORDS, "https://example.org/hook"
)
_HEADER = _SecretForm("SecretHeader", "A header's value", _HEADER_VALUE_PATTERN, _HEADER_VALUE_WORDS, "blue")
_CREDENTIAL = _SecretForm("Credential", "A credential", _HEADER_VALUE_PATTERN, _HEADER_VALUE_WORDS, "admin", live=False)

SECRET_SCHEMAS: Mapping[str, Callable[[], dict[str, Any]]] = {
    form.name: form.schema for form in (_PART, _ADDRESS, _HEADER, _CREDENTIAL)
}
"""The definitions that schemas refer to by name."""

SECRET_ADDRESS = Form(_definition(_ADDRESS.name), read_secret)
CREDENTIAL = Form(_definition(_CREDENTIAL.name), read_secret)
HEADERS = Form(
    {
        "type": "object",
        "propertyNames": {"pattern": HEADER_NAME_PATTERN, "patternErrorMessage": "is not a valid header name"},
        "patternProperties": {
            _PUBLIC_HEADER: {
                "type": "string",
                "pattern": _HEADER_VALUE_PATTERN,
                "patternErrorMessage": _HEADER_VALUE_WORDS,
            }
        },
        "additionalProperties": _definition(_HEADER.name),
    },
    _read_headers,
)
"""Header name -> value; the values of PUBLIC_HEADERS are plain text."""
