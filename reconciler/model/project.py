"""The models of the project file, `reconciler.yaml`: targets, how they are reached, and the rules of the project.

They hold what was written, with defaults; credentials stay references, environment variables are not looked at, and
nothing is known of what a provider makes of its settings. `load_project` reads the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Self

from pydantic import AfterValidator, ConfigDict, Field, PlainValidator, PrivateAttr, WithJsonSchema, model_validator
from pydantic.config import JsonDict, JsonValue
from pydantic_core import PydanticCustomError

from reconciler.model.errors import Problem
from reconciler.model.fields import (
    HEADER_NAME_PATTERN,
    Checked,
    Name,
    NonEmpty,
    NonNegative,
    OwnerName,
    Percent,
    Positive,
    TargetUrl,
    text,
)
from reconciler.model.lint import LINT_RULES, LintLevel
from reconciler.model.secret_fields import SOURCE_NAME_PATTERN, Credential
from reconciler.model.specs import TestRules
from reconciler.model.values import RESERVED_NAMES

# No `from __future__ import annotations`: pydantic would have to evaluate each one, and start-up counts.


class BasicAuth(Checked):
    """HTTP Basic: a user and a password, or an API key and its secret."""

    username: Credential = Field(description="The user, or the API key.", examples=[{"env": "OPENSEARCH_USERNAME"}])
    password: Credential = Field(description="The password.", examples=[{"env": "OPENSEARCH_PASSWORD"}])


class BearerAuth(Checked):
    """A token, sent as `Authorization: Bearer ...`."""

    token: Credential = Field(description="The token.", examples=[{"env": "OPENSEARCH_TOKEN"}])


class ClientCertificateAuth(Checked):
    """A TLS client certificate."""

    cert_file: NonEmpty = Field(description="PEM file of the certificate, relative to the project file.")
    key_file: NonEmpty | None = Field(None, description="PEM file of its key. Default: the certificate's file.")
    password: Credential | None = Field(None, description="The pass phrase of the key.")


class SigV4Auth(Checked):
    """Requests signed for AWS, with the credentials that botocore finds."""

    region: NonEmpty = Field(description="The AWS region.", examples=["eu-central-1"])
    service: NonEmpty = Field("es", description="The service to sign for: es, or aoss.")


class StsAuth(Checked):
    """Confluent's token exchange: a token of your own identity provider for one of Confluent Cloud."""

    subject_token: Credential = Field(description="The identity provider's token.", examples=[{"env": "OIDC_TOKEN"}])
    identity_pool_id: NonEmpty = Field(description="The identity pool.", examples=["pool-abc12"])
    expires_in_seconds: Positive | None = Field(None, description="How long a token lives. Default: the server's.")


class Auth(Checked):
    """How a target knows who we are: exactly one of these."""

    model_config = ConfigDict(
        json_schema_extra={
            "minProperties": 1,
            "maxProperties": 1,
            "errorMessage": "must be exactly one of basic, bearer, client_cert, sigv4 and sts",
        }
    )

    basic: BasicAuth | None = Field(None, description="A user and a password, or an API key and its secret.")
    bearer: BearerAuth | None = Field(None, description="A token.")
    client_cert: ClientCertificateAuth | None = Field(None, description="A TLS client certificate.")
    sigv4: SigV4Auth | None = Field(None, description="AWS request signing.")
    sts: StsAuth | None = Field(None, description="Confluent's token exchange.")

    @model_validator(mode="after")
    def _just_one(self) -> Self:
        if len(self.model_fields_set) != 1:
            raise PydanticCustomError("auth", "needs exactly one way")
        return self


class TlsSettings(Checked):
    """Whom to trust."""

    ca_file: NonEmpty | None = Field(
        None, description="PEM file of the authorities to trust, relative to the project file.", examples=["ca.pem"]
    )
    verify: bool = Field(True, description="false accepts any certificate, and is named on every run.")


class Target(Checked):
    """One live system."""

    provider: Annotated[str, text("^[a-z][a-z0-9_-]{0,62}$", "must be a provider's name, as opensearch")] = Field(
        description="The kind of system: opensearch, confluent, or what an installed package brings.",
        examples=["opensearch", "confluent"],
    )
    url: TargetUrl | None = Field(
        None,
        description="Its address, which may have a path. Default: the environment variable OPENSEARCH_URL, "
        "or Confluent Cloud's own address.",
        examples=["https://search.example.org:9200"],
    )
    version: Annotated[str, text("^[0-9]+(\\.[0-9]+){0,2}$", 'must be a version in quotes, as "3.6"')] | None = Field(
        None, description="The server's version, so that validate can judge by it.", examples=["3.6"]
    )
    auth: Auth | None = Field(None, description="How the target knows who we are.")
    tls: TlsSettings = Field(default_factory=TlsSettings, description="Whom to trust.")
    headers: Mapping[Annotated[str, Field(pattern=HEADER_NAME_PATTERN)], Credential] = Field(
        default_factory=dict, description="Headers sent with every request.", examples=[{"x-tenant-id": "acme"}]
    )
    insecure: bool = Field(False, description="true sends credentials over plain http.")
    parallelism: Positive = Field(10, description="How many calls may be under way at once.")
    timeout_seconds: Positive = Field(30, description="How long a call may take.")
    test_timeout_seconds: Positive = Field(120, description="How long a test message may take.")


class ExecSource(Checked):
    """A source of secrets that is a command."""

    exec: tuple[NonEmpty, ...] = Field(
        min_length=1,
        strict=False,
        description="The command and its arguments; what the manifest asks for is added as the last one. No shell.",
        examples=[["pass", "show"]],
    )


def _not_reserved(name: str) -> str:
    if name in RESERVED_NAMES:
        raise PydanticCustomError("reserved", "is a reserved word")
    return name


_RESERVED: list[JsonValue] = [*sorted(RESERVED_NAMES)]
_SOURCE_NAME_EXTRA: JsonDict = {
    "patternErrorMessage": "must be lowercase letters, digits, dashes or underscores, a letter first",
    "not": {"enum": _RESERVED},
    "errorMessage": "is a reserved word",
}
SourceName = Annotated[
    str,
    Field(pattern=SOURCE_NAME_PATTERN, json_schema_extra=_SOURCE_NAME_EXTRA),
    AfterValidator(_not_reserved),
]


class Secrets(Checked):
    """Where secrets may come from."""

    sources: Mapping[SourceName, ExecSource] = Field(
        default_factory=dict,
        description="Sources of this project's own, by name.",
        examples=[{"pass": {"exec": ["pass", "show"]}}],
    )
    allow: Annotated[tuple[NonEmpty, ...], Field(strict=False)] | None = Field(
        None,
        description="Patterns of what may be asked for, as SOURCE:ARGUMENT. Default: everything.",
        examples=[["env:SLACK_*", "pass:team/*"]],
    )
    dir: NonEmpty | None = Field(
        None,
        description="The folder in which {secret: NAME, key: KEY} is the file NAME/KEY, as Kubernetes mounts a Secret; "
        "relative to the project file.",
        examples=["/run/secrets"],
    )


class DeleteConsent(Checked):
    """What may be deleted though a guard would hold it."""

    delete: Annotated[str, text("^[a-z0-9-]{1,63}(@[A-Za-z0-9+/_-]{1,512})?$", "must be a name, or NAME@ID")] = Field(
        description="The name that is no manifest's any more, or NAME@ID for one of several.", examples=["oncall-old"]
    )
    in_use: bool = Field(False, description="true: though something still refers to it.")


class Safety(Checked):
    """Bounds that an apply does not pass without a flag."""

    max_deletes: NonNegative = Field(5, description="At most so many deletes and replaces.")
    max_delete_percent: Percent = Field(30, description="And so many of a target's objects, from 10 on.")
    max_messages: NonNegative = Field(50, description="At most so many recipients of test messages.")
    allow: Annotated[tuple[DeleteConsent, ...], Field(strict=False)] = Field(
        (),
        description="Consent to single deletes, reviewed like everything else, in place of flags.",
        examples=[[{"delete": "oncall-old", "in_use": True}]],
    )


def _read_levels(value: Any) -> dict[str, LintLevel]:
    """The levels of the rules that are named; of the wrong shape are only those that the schema refuses too."""
    if not isinstance(value, dict) or not value.keys() <= LINT_RULES.keys():
        raise PydanticCustomError("lint", "names a rule that does not exist")
    if not set(value.values()) <= {level.value for level in LintLevel}:
        raise PydanticCustomError("lint", "names a level that does not exist")
    return {rule: LintLevel(level) for rule, level in value.items()}


_LEVELS_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        name: {"enum": [level.value for level in LintLevel], "default": rule.level.value, "description": rule.about}
        for name, rule in LINT_RULES.items()
    },
}


class Project(Checked):
    """What a project file says, `spec` and name in one; `owner` and `id_prefix` are filled in."""

    name: Name
    required_version: NonEmpty | None = Field(
        None, description="Versions of the tool that may be used; another stops at once.", examples=[">=0.1"]
    )
    owner: OwnerName = Field(
        "", description="The name under which this project marks what is its own. Default: metadata.name."
    )
    id_prefix: OwnerName = Field(
        "", description="OpenSearch ids are <id_prefix>_<name>. Default: the owner.", examples=["acme"]
    )
    manifests: Annotated[tuple[NonEmpty, ...], Field(strict=False)] = Field(
        (), description="Files and folders, relative to this file.", examples=[["channels/"]]
    )
    targets: Mapping[Name, Target] = Field(
        min_length=1, description="The live systems by name.", examples=[{"search-prod": {"provider": "opensearch"}}]
    )
    default_targets: Annotated[tuple[Name, ...], Field(strict=False)] = Field(
        (), description="Targets of manifests that name none.", examples=[["search-prod"]]
    )
    known_targets: Annotated[tuple[Name, ...], Field(strict=False)] = Field(
        (), description="Targets of other project files: skipped here, with a note."
    )
    former_owners: Annotated[tuple[OwnerName, ...], Field(strict=False)] = Field(
        (), description="Owners that this project had before; their marks are ours."
    )
    defaults: Mapping[str, Mapping[str, Any]] = Field(
        default_factory=dict,
        description="Fields that manifests of a kind get when they omit them.",
        examples=[{"SlackChannel": {"test": {"when": "always"}}}],
    )
    secrets: Secrets = Field(default_factory=Secrets, description="Where secrets may come from.")
    safety: Safety = Field(default_factory=Safety, description="Bounds that an apply does not pass without a flag.")
    test: TestRules | None = Field(None, description="How resources are tested, where they do not say.")
    lint: Annotated[Mapping[str, LintLevel], PlainValidator(_read_levels), WithJsonSchema(_LEVELS_SCHEMA)] = Field(
        default_factory=dict,
        description="The level of each lint rule: off, warning or error. What is an error here, no manifest can "
        "silence.",
        examples=[{"no-literal-secrets": "error"}],
    )

    _warnings: tuple[Problem, ...] = PrivateAttr(())

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What is not wrong, but should be known."""
        return self._warnings

    def with_warnings(self, warnings: Iterable[Problem]) -> Self:
        """The same project with these warnings."""
        project = self.model_copy()
        project._warnings = tuple(warnings)
        return project

    @model_validator(mode="before")
    @classmethod
    def _names(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        owner = data.get("owner", data.get("name"))
        return {"owner": owner, "id_prefix": owner, **data}
