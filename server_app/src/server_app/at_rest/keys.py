"""The keys of the secrets in the database, in a file of their own: the database alone gives no secret away."""

from hashlib import sha256
from hmac import new
from pathlib import Path
from weakref import WeakKeyDictionary

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlalchemy import Dialect
from sqlalchemy.exc import DontWrapMixin

from server_app.errors import Unavailable
from server_app.files import exclusive, write_atomically

RETRY_SECONDS = 60
MODE = 0o600


class SecretUnreadable(Unavailable, DontWrapMixin):
    """A secret of the database can be neither read nor stored; `detail` names the file and what to do.

    It may become an answer, so it does not say in which folder the file is.
    """

    def __init__(self, what: str) -> None:
        todo = "An administrator restores that file from a backup, or runs `server-app init` and sets the secret again."
        super().__init__(f"{what} {todo}", RETRY_SECONDS)


class SecretKeys:
    """Keys as lines of a file, the newest first: it seals, all of them open. A file that changes is read again.

    Args:
        file: where they are; only `create`, `take_over` and `renew` write there.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self._read: tuple[object, tuple[bytes, ...]] = (None, ())

    def create(self) -> bool:
        """Make the file with one key where there is none; whether that was necessary."""
        if self.file.exists():  # it may be mounted, and its folder not writable
            return False
        with exclusive(self.file.with_name(f"{self.file.name}.lock")):
            if self.file.exists():
                return False
            self._write([Fernet.generate_key()])
        return True

    def take_over(self, former: Path) -> bool:
        """Move the keys here from where they were before, unless there are some already; whether that was necessary."""
        if former == self.file or self.file.exists() or not former.exists():
            return False
        with exclusive(self.file.with_name(f"{self.file.name}.lock")):
            if self.file.exists():
                return False
            self._write(former.read_bytes().split())
        former.unlink()
        return True

    def renew(self) -> None:
        """Add a key, which seals from now on."""
        with exclusive(self.file.with_name(f"{self.file.name}.lock")):
            self._write([Fernet.generate_key(), *self._keys()])

    def seal(self, text: str) -> str:
        """A text as it may be stored.

        Raises:
            SecretUnreadable: there is no key.
        """
        return self._ciphers().encrypt(text.encode()).decode("ascii")

    def open(self, sealed: str) -> str:
        """What was sealed.

        Raises:
            SecretUnreadable: there is no key, or not the one it was sealed with.
        """
        try:
            return self._ciphers().decrypt(sealed).decode()
        except InvalidToken as error:
            raise SecretUnreadable(f"A stored secret was sealed with a key that is not in {self.file.name}.") from error

    def digest(self, content: bytes) -> str:
        """HMAC-SHA-256 by the oldest key, hexadecimal: tells contents apart without helping to guess what they hold.

        Raises:
            SecretUnreadable: there is no key.
        """
        return new(self._keys()[-1], content, sha256).hexdigest()

    def _ciphers(self) -> MultiFernet:
        try:
            return MultiFernet([Fernet(key) for key in self._keys()])
        except ValueError as error:
            raise SecretUnreadable(f"A line of {self.file.name} is no key.") from error

    def _keys(self) -> tuple[bytes, ...]:
        try:
            found = self.file.stat()
            state = (found.st_ino, found.st_mtime_ns, found.st_size)
            if self._read[0] != state:
                self._read = (state, tuple(self.file.read_bytes().split()))
        except OSError as error:
            raise SecretUnreadable(f"The keys of stored secrets, {self.file.name}: {error.strerror}.") from error
        keys = self._read[1]
        if not keys:
            raise SecretUnreadable(f"There is no key in {self.file.name}.")
        return keys

    def _write(self, keys: list[bytes]) -> None:
        write_atomically(self.file, b"".join(key + b"\n" for key in keys), MODE)


_KEYS: WeakKeyDictionary[Dialect, SecretKeys] = WeakKeyDictionary()


def use(dialect: Dialect, keys: SecretKeys) -> None:
    """Let the columns of an engine's dialect be sealed with these keys."""
    _KEYS[dialect] = keys


def keys_of(dialect: Dialect) -> SecretKeys:
    """The keys that an engine's secrets are sealed with.

    Raises:
        LookupError: the engine was made without; it is for what needs no secrets.
    """
    return _KEYS[dialect]
