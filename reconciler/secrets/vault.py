"""Values in HashiCorp Vault or OpenBao, in a key-value engine of version 1 or 2: `{vault: PATH, key: K}`.

PATH is what `vault kv get` takes: mount and name, without the `data/` of the version 2 API. The server is asked for the
mount and its version, as the `vault` program asks (`command/kv_helpers.go`, Vault 1.20: GET
`/v1/sys/internal/ui/mounts/PATH`). Settings are those of that program: VAULT_ADDR, VAULT_TOKEN or `~/.vault-token`,
VAULT_NAMESPACE, VAULT_CACERT or VAULT_CAPATH, VAULT_CLIENT_CERT and VAULT_CLIENT_KEY. hvac is imported when the first
value is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from reconciler.model.errors import SecretError, install_hint
from reconciler.secrets.sources import Once, SecretSettings, pick_value

_BUNDLES = ("VAULT_CACERT", "VAULT_CAPATH", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""Variables that name the certificate authorities to trust: Vault's own, then those of `requests`."""


class VaultSource:
    """The source `vault`. It reads each secret once, with all its keys."""

    def __init__(self, settings: SecretSettings) -> None:
        self._environ = settings.environ
        self._seconds = settings.timeout_seconds
        self._documents = Once(self._fetch)

    def read(self, argument: str, key: str) -> str:
        """The text under `key` of the newest version of the secret."""
        place = f'Vault secret "{argument}"'
        path = argument.strip("/")
        if not path or ".." in path.split("/"):
            raise SecretError(f"{place} is not a path that Vault accepts; write mount and name, as for `vault kv get`")
        if not key:
            raise SecretError(f"{place} holds several values; name one, as key: K")
        return pick_value(self._documents.get(path), key, place)

    def _fetch(self, path: str) -> object:
        _import_hvac()
        with _worded(f'Vault secret "{path}"'):
            client = self._client()
            try:
                return _read_secret(client, path)
            finally:
                client.adapter.close()

    def _client(self) -> Any:
        hvac = _import_hvac()
        address = self._environ.get("VAULT_ADDR")
        if not address:
            raise SecretError("no Vault is named: set VAULT_ADDR, for example to https://vault.example.org:8200")
        return hvac.Client(
            url=address,
            token=self._token(),
            namespace=self._environ.get("VAULT_NAMESPACE") or None,
            session=_session(address, self._trusted(), self._certificate()),
            allow_redirects=False,
            timeout=self._seconds,
        )

    def _trusted(self) -> str | bool:
        if self._environ.get("VAULT_SKIP_VERIFY", "").lower() in ("1", "t", "true"):
            raise SecretError(
                "VAULT_SKIP_VERIFY is not supported, since anybody in between could read the secrets: name the "
                "authority of Vault's certificate in VAULT_CACERT"
            )
        return next((self._environ[name] for name in _BUNDLES if self._environ.get(name)), True)

    def _certificate(self) -> tuple[str, str] | None:
        certificate = self._environ.get("VAULT_CLIENT_CERT", "")
        return (certificate, self._environ.get("VAULT_CLIENT_KEY") or certificate) if certificate else None

    def _token(self) -> str:
        token = self._environ.get("VAULT_TOKEN", "")
        if not token:
            try:
                token = Path(self._environ.get("HOME") or "~", ".vault-token").expanduser().read_text("utf-8")
            except (OSError, ValueError, RuntimeError):
                token = ""
        token = token.strip()
        if not token:
            raise SecretError("there is no Vault token: set VAULT_TOKEN, or run `vault login`")
        return token


def _session(address: str, verify: str | bool, certificate: tuple[str, str] | None) -> Any:
    """A session that takes only proxies from the environment; by default `requests` would also send what a netrc file
    holds for that host. `certificate`: the files of a client's certificate and its key."""
    import requests
    from requests.utils import get_environ_proxies

    session = requests.Session()
    session.trust_env = False
    session.proxies = get_environ_proxies(address)
    session.verify = verify
    session.cert = certificate
    return session


def _read_secret(client: Any, path: str) -> object:
    from hvac.exceptions import InvalidPath

    try:
        mount = client.adapter.get(f"/v1/sys/internal/ui/mounts/{quote(path)}")["data"]
    except InvalidPath:  # the server does not know this call: like the program, assume version 1
        mount = {"path": path.partition("/")[0]}
    mount_point = mount["path"].rstrip("/")
    name = path.removeprefix(mount_point).lstrip("/")
    if not name:
        raise SecretError(f'"{path}" is a mount of Vault, not a secret in it; add the name of the secret')
    if (mount.get("options") or {}).get("version") == "2":
        answer = client.secrets.kv.v2.read_secret_version(name, mount_point=mount_point, raise_on_deleted_version=True)
        return answer["data"]["data"]
    return client.secrets.kv.v1.read_secret(name, mount_point=mount_point)["data"]


def _import_hvac() -> Any:
    try:
        import hvac
        import hvac.exceptions
    except ImportError:
        raise SecretError(f'source "vault" needs a library: {install_hint("vault")}') from None
    return hvac


@contextmanager
def _worded(place: str) -> Iterator[None]:
    # hvac's errors contain the server's answer, and those of requests the address; neither is repeated.
    import requests
    from hvac import exceptions

    words: Mapping[type[Exception], str] = {
        exceptions.Forbidden: "may not be read: Vault refused the token; renew it, or let its policy read this path",
        exceptions.Unauthorized: "may not be read: Vault refused the token; run `vault login`",
        exceptions.InvalidPath: (
            "does not exist, or its newest version is deleted; write the path as for `vault kv get`, without data/"
        ),
        exceptions.VaultDown: "cannot be read: Vault is sealed or down; see `vault status`",
        requests.exceptions.SSLError: "cannot be read: Vault's certificate is not trusted; set VAULT_CACERT",
        requests.exceptions.Timeout: "cannot be read: Vault did not answer in time; check VAULT_ADDR",
        requests.exceptions.ConnectionError: "cannot be read: no connection to Vault; check VAULT_ADDR",
    }
    try:
        yield
    except (exceptions.VaultError, OSError, ValueError) as error:  # OSError: a CA file that is missing
        reason = next((text for kind, text in words.items() if isinstance(error, kind)), "")
        kind = type(error).__name__
        raise SecretError(f"{place} {reason or f'cannot be read ({kind}); try `vault kv get`'}") from None
    except (KeyError, TypeError, AttributeError):
        raise SecretError(f"{place} cannot be read: the answer is not Vault's; check VAULT_ADDR") from None
