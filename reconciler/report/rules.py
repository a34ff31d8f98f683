"""What each rule of `validate` demands, in a sentence, for `explain` and for code scanning. Pure.

A problem itself says where, on what, what is wrong and what to do; these sentences state the rule behind it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from reconciler.model.lint import LINT_RULES

RULES: Mapping[str, str] = MappingProxyType(
    {
        **{name: rule.about for name, rule in LINT_RULES.items()},
        "dangling-reference": "A reference names a manifest of this project, for the same target.",
        "duplicate-header": "A header is given once; names of headers compare without regard to case.",
        "duplicate-key": "A key is given once in a mapping: of two, one would be lost silently.",
        "duplicate-name": "A name is unique in the project, whatever the kind: marks and references use it.",
        "empty-list": "A list that the target needs is not empty.",
        "empty-name": "A display name is not empty.",
        "file-too-large": "A manifest file has at most 10 MiB.",
        "wrong-service": "An address is of the service that the kind is for: the target refuses others.",
        "invalid-address": "An address is a URL that the target accepts.",
        "invalid-arn": "An ARN has the form that AWS gives it.",
        "invalid-header": "A header's name and value have the form that HTTP gives them.",
        "impossible-version": "A target's version is one that its provider's systems have, and this tool can use.",
        "invalid-id": "An id has the form that the target accepts.",
        "invalid-mail-address": "A mail address has the form that the target accepts.",
        "invalid-value": "A value is one that the target accepts.",
        "large-number": "A number is one that every reader of JSON and YAML reads alike.",
        "link-out": "No link leads out of the repository.",
        "missing-field": "A required field is given.",
        "missing-file": "A file or folder that is named exists.",
        "no-manifests": "A project has at least one manifest.",
        "no-recipients": "A channel that sends mail has somebody to send it to.",
        "no-target": "A resource is for at least one target.",
        "not-allowed": "A combination of fields is one that means something.",
        "not-finite": "A number is finite.",
        "not-one-of": "A value is one of those that its field knows.",
        "not-to-be-silenced": "A rule that the project sets to error is not silenced by a manifest.",
        "not-utf-8": "A file is UTF-8 text.",
        "one-document": "A project file holds one document, of kind Project.",
        "out-of-range": "A number is within the range of its field.",
        "rename-clash": "A former name belongs to one resource, and to none that still has it.",
        "renamed-to-itself": "A former name is not the present one.",
        "shared-id": "A live object is pinned by one manifest.",
        "required-version": "The project file is read by a version of the tool that it allows.",
        "same-system": "Two targets are two systems.",
        "too-long": "A text is no longer than the target keeps.",
        "too-many": "A list is no longer than the target accepts.",
        "unknown-field": "A field is one that its kind has.",
        "unknown-kind": "A manifest's kind is one that the tool knows.",
        "unknown-source": "A secret is read from a source that is built in or defined in the project file.",
        "unknown-target": "A target that is named is defined in the project file.",
        "unreadable-file": "A file that is named can be read.",
        "unsupported-auth": "A target's way to authenticate is one that its provider supports.",
        "unsupported-field": "A field is one that the target can hold.",
        "unsupported-system": "A target is a system that the tool can manage channels of.",
        "unsupported-kind": "A kind is one that the target can hold.",
        "workflows-address": "An address of a Teams workflow is one that the target's version accepts.",
        "wrong-form": "A value has the form that its field demands.",
        "wrong-type": "A value has the type that its field demands.",
        "yaml-key": "A key of a mapping is a string.",
        "yaml-merge": "A merge key takes in a mapping.",
        "yaml-number": "A number is one that every reader of YAML reads alike.",
        "yaml-syntax": "A file is well-formed YAML.",
        "yaml-tag": "Manifests use plain YAML, without tags that make objects.",
        "yaml-too-deep": "YAML is nested no deeper than a person would write it.",
        "yaml-too-large": "Aliases do not make a document larger than a person would write it.",
    }
)


def describe_rule(rule: str) -> str:
    """The sentence of a rule; for a rule that an installed package brought, its name as words."""
    return RULES.get(rule) or f"{rule.replace('-', ' ').capitalize()}."
