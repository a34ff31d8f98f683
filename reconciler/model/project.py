"""The project file, `reconciler.yaml`, as values: targets, how they are reached, and the rules of the project.

The dataclasses are also the table of its fields: schema and reader are derived from the `written` row of each. They
hold what was written, with defaults. Credentials stay references, environment variables are not read, and what a
provider does with its settings is not known here. `load_project` reads the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from typing import Any

from reconciler.model.dataclass import dataclass
from reconciler.model.errors import Problem
from reconciler.model.fields import (
    HOST_AND_PATH,
    NAME,
    NAME_PATTERN,
    NAME_WORDS,
    NON_EMPTY,
    OWNER_PATTERN,
    OWNER_WORDS,
    SCHEME,
    SWITCH,
    Form,
    choice,
    list_of,
    map_of,
    number,
    read_record,
    record,
    rows,
    text,
    written,
)
from reconciler.model.lint import LINT_RULES, LintLevel
from reconciler.model.operator_settings import ProjectOperator
from reconciler.model.resource import TestPolicy
from reconciler.model.secret_fields import CREDENTIAL, HEADER_NAME_PATTERN, SOURCE_NAME_PATTERN, SecretValue
from reconciler.model.values import RESERVED_NAMES

_POSITIVE = number(1, 10_000)
_NON_NEGATIVE = number(0, 1_000_000)
_OWNER = text(OWNER_PATTERN, OWNER_WORDS)
_ANY_NAME = {"pattern": NAME_PATTERN, "patternErrorMessage": NAME_WORDS}


@dataclass(frozen=True, slots=True)
class BasicAuth:
    """HTTP Basic: a user and a password, or an API key and its secret."""

    username: SecretValue = written(CREDENTIAL, "The user, or the API key.", examples=({"env": "OPENSEARCH_USERNAME"},))
    password: SecretValue = written(CREDENTIAL, "The password.", examples=({"env": "OPENSEARCH_PASSWORD"},))


@dataclass(frozen=True, slots=True)
class BearerAuth:
    """A token, sent as `Authorization: Bearer ...`."""

    token: SecretValue = written(CREDENTIAL, "The token.", examples=({"env": "OPENSEARCH_TOKEN"},))


@dataclass(frozen=True, slots=True)
class ClientCertificateAuth:
    """A TLS client certificate."""

    cert_file: str = written(NON_EMPTY, "PEM file of the certificate, relative to the project file.")
    key_file: str | None = written(NON_EMPTY, "PEM file of its key. Default: the certificate's file.", default=None)
    password: SecretValue | None = written(CREDENTIAL, "The pass phrase of the key.", default=None)


@dataclass(frozen=True, slots=True)
class SigV4Auth:
    """Requests signed for AWS, with the credentials that botocore finds."""

    region: str = written(NON_EMPTY, "The AWS region.", examples=("eu-central-1",))
    service: str = written(
        NON_EMPTY,
        "The AWS service to sign for. OpenSearch Serverless (aoss) has no channels.",
        default="es",
    )


@dataclass(frozen=True, slots=True)
class StsAuth:
    """Confluent's token exchange: a token of your own identity provider for one of Confluent Cloud."""

    subject_token: SecretValue = written(
        CREDENTIAL, "The identity provider's token.", examples=({"env": "OIDC_TOKEN"},)
    )
    identity_pool_id: str = written(NON_EMPTY, "The identity pool.", examples=("pool-abc12",))
    expires_in_seconds: int | None = written(_POSITIVE, "How long a token lives. Default: the server's.", default=None)


@dataclass(frozen=True, slots=True)
class Auth:
    """How we authenticate to a target: exactly one of these."""

    basic: BasicAuth | None = written(
        record(BasicAuth), "A user and a password, or an API key and its secret.", default=None
    )
    bearer: BearerAuth | None = written(record(BearerAuth), "A token.", default=None)
    client_cert: ClientCertificateAuth | None = written(
        record(ClientCertificateAuth), "A TLS client certificate.", default=None
    )
    sigv4: SigV4Auth | None = written(record(SigV4Auth), "AWS request signing.", default=None)
    sts: StsAuth | None = written(record(StsAuth), "Confluent's token exchange.", default=None)

    @property
    def ways(self) -> frozenset[str]:
        """The names of those that are set; a valid project has one."""
        return frozenset(row.name for row in rows(Auth) if getattr(self, row.name) is not None)


CREDENTIAL_FIELDS: Mapping[str, tuple[str, ...]] = {
    way.name: tuple(row.name for part in way.form.parts for row in rows(part) if row.form is CREDENTIAL)
    for way in rows(Auth)
}
"""By way of `auth`, its fields that hold a secret."""


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """Which certificates to trust."""

    ca_file: str | None = written(
        NON_EMPTY,
        "PEM file of the authorities to trust, relative to the project file.",
        examples=("ca.pem",),
        default=None,
    )
    ca: SecretValue | None = written(
        CREDENTIAL,
        "The authorities to trust, in PEM, from where secrets are kept: in place of ca_file.",
        examples=({"secret": "search-ca", "key": "ca.crt"},),
        default=None,
    )
    verify: bool = written(SWITCH, "false accepts any certificate, and every run warns of it.", default=True)


@dataclass(frozen=True, slots=True)
class Target:
    """One live system."""

    provider: str = written(
        text("^[a-z][a-z0-9_-]{0,62}$", "must be a provider's name, such as opensearch"),
        "The kind of system: opensearch, confluent, or what an installed package brings.",
        examples=("opensearch", "confluent"),
    )
    url: str | None = written(
        text(
            SCHEME + HOST_AND_PATH,
            "must be an address that begins with https:// or http:// and has a host, without credentials or blanks",
        ),
        "Its address, which may have a path. Default: the environment variable OPENSEARCH_URL, "
        "or Confluent Cloud's own address.",
        examples=("https://search.example.org:9200",),
        default=None,
    )
    version: str | None = written(
        text("^[0-9]+(\\.[0-9]+){0,2}$", 'must be a version in quotes, such as "3.6"'),
        "The server's version, so that validate can judge by it.",
        examples=("3.6",),
        default=None,
    )
    auth: Auth | None = written(record(Auth), "How we authenticate to the target.", default=None)
    tls: TlsSettings = written(record(TlsSettings), "Which certificates to trust.", default=TlsSettings())
    headers: Mapping[str, SecretValue] = written(
        map_of(CREDENTIAL, {"pattern": HEADER_NAME_PATTERN}),
        "Headers sent with every request.",
        examples=({"x-tenant-id": "acme"},),
        default_factory=dict,
    )
    insecure: bool = written(SWITCH, "true sends credentials over plain http.", default=False)
    parallelism: int = written(_POSITIVE, "How many calls may run at once.", default=10)
    timeout_seconds: int = written(_POSITIVE, "How long a call may take.", default=30)
    read_timeout_seconds: int = written(
        _POSITIVE, "How long reading the target may take in all, repeated calls and waits included.", default=600
    )
    test_timeout_seconds: int = written(_POSITIVE, "How long a test message may take.", default=120)


@dataclass(frozen=True, slots=True)
class ExecSource:
    """A source of secrets that is a command."""

    exec: tuple[str, ...] = written(
        list_of(NON_EMPTY, minItems=1),
        "The command and its arguments; what the manifest asks for is added as the last argument. No shell.",
        examples=(["pass", "show"],),
    )


_SOURCE_NAME = {
    "pattern": SOURCE_NAME_PATTERN,
    "patternErrorMessage": "must be lowercase letters, digits, dashes or underscores, a letter first",
    "not": {"enum": sorted(RESERVED_NAMES)},
    "errorMessage": "is a reserved word",
}


@dataclass(frozen=True, slots=True)
class Secrets:
    """Where secrets may come from."""

    sources: Mapping[str, ExecSource] = written(
        map_of(record(ExecSource), _SOURCE_NAME),
        "The project's own secret sources, by name.",
        examples=({"pass": {"exec": ["pass", "show"]}},),
        default_factory=dict,
    )
    allow: tuple[str, ...] | None = written(
        list_of(NON_EMPTY),
        "Patterns of what may be asked for, as SOURCE:ARGUMENT. Default: everything.",
        examples=(["env:SLACK_*", "pass:team/*"],),
        default=None,
    )
    dir: str | None = written(
        NON_EMPTY,
        "The folder in which {secret: NAME, key: KEY} is the file NAME/KEY, as Kubernetes mounts a Secret; "
        "relative to the project file.",
        examples=("/run/secrets",),
        default=None,
    )


@dataclass(frozen=True, slots=True)
class DeleteConsent:
    """Deletes that are allowed although a guard would hold them."""

    delete: str = written(
        text("^[a-z0-9-]{1,63}(@[A-Za-z0-9+/_-]{1,512})?$", "must be a name, or NAME@ID"),
        "The name that no manifest has any more, or NAME@ID for one of several objects with that name.",
        examples=("oncall-old",),
    )
    in_use: bool = written(SWITCH, "true: delete it even if something still refers to it.", default=False)


@dataclass(frozen=True, slots=True)
class Safety:
    """Limits that an apply exceeds only with a flag."""

    max_deletes: int = written(_NON_NEGATIVE, "Maximum number of deletes and replaces on one target.", default=5)
    max_delete_percent: int = written(
        number(0, 100),
        "Maximum percentage of a target's owned objects to delete or replace; applies from 10 owned objects on.",
        default=30,
    )
    max_messages: int = written(_NON_NEGATIVE, "Maximum number of recipients of test messages.", default=50)
    in_use: str = written(
        choice("reported", "required"),
        "required: deletes and replaces are held where it cannot be seen who uses a channel.",
        default="reported",
    )
    allow: tuple[DeleteConsent, ...] = written(
        list_of(record(DeleteConsent)),
        "Consent to single deletes, reviewed like everything else, in place of flags.",
        examples=([{"delete": "oncall-old", "in_use": True}],),
        default=(),
    )


_LEVELS = Form(
    {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            name: {"enum": [level.value for level in LintLevel], "default": rule.level.value, "description": rule.about}
            for name, rule in LINT_RULES.items()
        },
    },
    lambda levels: {rule: LintLevel(level) for rule, level in levels.items()},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """What a project file says, `spec` and name in one; `owner` and `id_prefix` are filled in.

    `defaults` and `test` are as written: they become parts of specs. `warnings` are findings that are not errors.
    """

    name: str
    required_version: str | None = written(
        NON_EMPTY, "Versions of the tool that may be used; any other stops at once.", examples=(">=0.1",), default=None
    )
    owner: str = written(_OWNER, "The name in this project's marks of ownership. Default: metadata.name.", default="")
    id_prefix: str = written(
        _OWNER, "OpenSearch ids are <id_prefix>_<name>. Default: the owner.", examples=("acme",), default=""
    )
    manifests: tuple[str, ...] = written(
        list_of(NON_EMPTY), "Files and folders, relative to this file.", examples=(["channels/"],), default=()
    )
    targets: Mapping[str, Target] = written(
        map_of(record(Target), _ANY_NAME, minProperties=1),
        "The live systems by name.",
        examples=({"search-prod": {"provider": "opensearch"}},),
    )
    default_targets: tuple[str, ...] = written(
        list_of(NAME), "Targets of manifests that name none.", examples=(["search-prod"],), default=()
    )
    known_targets: tuple[str, ...] = written(
        list_of(NAME), "Targets of other project files: skipped here, with a note.", default=()
    )
    former_owners: tuple[str, ...] = written(
        list_of(_OWNER), "Former owners of this project; what carries their marks is owned too.", default=()
    )
    defaults: Mapping[str, Mapping[str, Any]] = written(
        Form({"type": "object", "additionalProperties": False}),  # the schema gives each kind's own
        "Values of fields that manifests of a kind leave out.",
        examples=({"SlackChannel": {"test": {"when": "always"}}},),
        default_factory=dict,
    )
    secrets: Secrets = written(record(Secrets), "Where secrets may come from.", default=Secrets())
    safety: Safety = written(record(Safety), "Limits that an apply exceeds only with a flag.", default=Safety())
    test: Mapping[str, Any] = written(
        Form(record(TestPolicy).schema, parts=(TestPolicy,)),
        "How resources are tested, unless their manifest says otherwise.",
        default_factory=dict,
    )
    lint: Mapping[str, LintLevel] = written(
        _LEVELS,
        "The level of each lint rule: off, warning or error. No manifest can silence what is an error here.",
        examples=({"no-literal-secrets": "error"},),
        default_factory=dict,
    )
    operator: ProjectOperator | None = written(
        record(ProjectOperator),
        "How the operator treats the project in a cluster; the command line only checks the form.",
        examples=({"interval": "10m"},),
        default=None,
    )
    warnings: tuple[Problem, ...] = field(default=(), compare=False)

    @classmethod
    def read(cls, name: str, spec: Mapping[str, Any]) -> Project:
        """The project of that name, of a `spec` that passed the schema of project files."""
        owner = spec.get("owner", name)
        return read_record(cls, {"owner": owner, "id_prefix": owner, **spec}, name=name)

    def with_warnings(self, warnings: Iterable[Problem]) -> Project:
        """The same project with these warnings."""
        return replace(self, warnings=tuple(warnings))
