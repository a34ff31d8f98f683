"""Values in files that sops encrypted: `{sops: FILE, key: a.b}`, decrypted by the program `sops` itself.

The program, because its key services (age, PGP, the clouds' KMS) are many and change; which key opens a file, and
where its private half is, is between sops and its own environment.
"""

from __future__ import annotations

from reconciler.errors import SecretError
from reconciler.secrets.commands import Commands
from reconciler.secrets.documents import Once, parse_document, pick_value
from reconciler.secrets.local import locate
from reconciler.secrets.settings import SecretSettings
from reconciler.secrets.values import MAX_BYTES, decode_value, too_large

__all__ = ["SopsSource"]

_REASONS = {
    100: "does not exist; check the path",
    128: "cannot be decrypted: none of your keys opens it; give sops its key, as with SOPS_AGE_KEY_FILE",
}
"""What sops means by its exit codes: `cmd/sops/codes/codes.go`, sops 3.13."""


class SopsSource:
    """Decrypts each file once, in memory."""

    def __init__(self, settings: SecretSettings, commands: Commands) -> None:
        self._settings = settings
        self._commands = commands
        self._documents = Once(self._decrypt)

    def read(self, argument: str, key: str) -> str:
        """The text under `key` in the file, whatever its format; a binary file is one value under the key `data`."""
        place = f'sops file "{argument}"'
        if not key:
            raise SecretError(f"{place} holds several values; name one, as key: a.b")
        return pick_value(self._documents.get(argument), key, place)

    def _decrypt(self, argument: str) -> object:
        place = f'sops file "{argument}"'
        path = locate(argument, self._settings).absolute()
        code, printed = self._commands.run(("sops", "--decrypt", "--output-type", "json", str(path)))
        if code:
            reason = _REASONS.get(code, f"could not be decrypted (sops ended with code {code})")
            raise SecretError(f"{place} {reason}; run by hand: sops --decrypt {path.name}")
        if len(printed) > MAX_BYTES:
            raise too_large(place)
        return parse_document(decode_value(printed, place), place)
