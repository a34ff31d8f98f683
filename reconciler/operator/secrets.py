"""Secret sources of a run in a cluster: labelled Secrets of the namespace, and nothing of the operator's surroundings.

`{secret: NAME, key: K}` is looked up in what was read with the resources; Vault and AWS are read before the run, for
the paths that the policy allows. Every other source refuses, whatever got past the checks of `permissions`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reconciler.model.errors import SecretError
from reconciler.model.values import BUILT_IN_SOURCES, SecretReference, SecretText
from reconciler.operator.resources import SECRET_LABEL, KubernetesSecret
from reconciler.secrets.sources import SecretSource, check_value

KUBERNETES = "secret"
READ_BEFORE = ("vault", "aws_secret")
"""Sources that are asked before a run, so that one value that is not there concerns its own resource only."""


class LabelledSecrets:
    """The Secrets of one namespace that carry the label."""

    def __init__(self, secrets: Mapping[str, KubernetesSecret]) -> None:
        self._secrets = secrets

    def read(self, argument: str, key: str) -> str:
        """The value under `key` of the Secret of that name; SecretError says what is not there, or is no value."""
        secret = self._secrets.get(argument)
        if secret is None:
            raise SecretError(f'Secret "{argument}" is not there, or lacks the label {SECRET_LABEL}: "true"')
        if key not in secret.values:
            raise SecretError(f'Secret "{argument}" has no text under the key "{key}"')
        return check_value(secret.values[key].reveal(), f'Secret "{argument}", under the key "{key}",')


class Refusing:
    """A source that must not be asked in a cluster."""

    def __init__(self, name: str) -> None:
        self._name = name

    def read(self, argument: str, key: str) -> str:
        """SecretError, always."""
        raise SecretError(f"the source {self._name} is refused in a cluster")


class ReadBefore:
    """Values that were read before the run; what could not be read is said of its resource alone."""

    def __init__(self, values: Mapping[SecretReference, SecretText]) -> None:
        self._values = {(item.argument, item.key): value for item, value in values.items()}

    def read(self, argument: str, key: str) -> str:
        """The value that was read."""
        value = self._values.get((argument, key))
        if value is None:
            raise SecretError("it was not read before the run")
        return value.reveal()


def sources_of(
    secrets: Mapping[str, KubernetesSecret], before: Mapping[SecretReference, SecretText]
) -> dict[str, SecretSource]:
    """The sources of a run, by name: every built-in one is among them, so that none reads for itself."""
    sources: dict[str, SecretSource] = {name: Refusing(name) for name in BUILT_IN_SOURCES}
    sources[KUBERNETES] = LabelledSecrets(secrets)
    for name in READ_BEFORE:
        sources[name] = ReadBefore({item: value for item, value in before.items() if item.source == name})
    return sources


def missing(references: Iterable[SecretReference], secrets: Mapping[str, KubernetesSecret]) -> list[str]:
    """What the references name and is not there, or is no value, in words."""
    source, found = LabelledSecrets(secrets), []
    for reference in sorted(set(references), key=str):
        if reference.source == KUBERNETES:
            try:
                source.read(reference.argument, reference.key)
            except SecretError as error:
                found.append(str(error))
    return found


def versions(references: Iterable[SecretReference], secrets: Mapping[str, KubernetesSecret]) -> dict[str, str]:
    """The versions of the Secrets that the references name, by name: what a rotation changes."""
    names = {reference.argument for reference in references if reference.source == KUBERNETES}
    return {name: secrets[name].version if name in secrets else "" for name in sorted(names)}
