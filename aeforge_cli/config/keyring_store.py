"""The system's keyring (the extra `keyring`), asked with a time limit: over a dead D-Bus it never answers."""

import importlib.util
import threading
from typing import TYPE_CHECKING, Any

from aeforge_cli.errors import AeforgeError, CannotSave, NotSignedIn, Usage, command

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

SECONDS = 20.0  # it may ask the user to unlock it
_SERVICE = "aeforge"


def require_keyring() -> None:
    """Raises Usage, with what to install, where the extra is missing."""
    if importlib.util.find_spec("keyring") is None:
        from aeforge_cli.extras import install_hint

        raise Usage("The package keyring is not installed", hint=install_hint("keyring"))


def stored(name: str, *, limit: float = SECONDS) -> str | None:
    """The key kept under a name; None without one. Raises Usage and NotSignedIn."""
    found = _asked(lambda keyring: keyring.get_password(_SERVICE, name), NotSignedIn, limit)
    return None if found is None else str(found)


def store(name: str, key: str, *, limit: float = SECONDS) -> None:
    """Keeps a key under a name. Raises Usage and CannotSave."""
    _asked(lambda keyring: keyring.set_password(_SERVICE, name, key), CannotSave, limit)


def forget(name: str, *, limit: float = SECONDS) -> None:
    """Removes the key kept under a name, if there is one. Raises Usage and CannotSave."""

    def remove(keyring: Any) -> None:
        if keyring.get_password(_SERVICE, name) is not None:
            keyring.delete_password(_SERVICE, name)

    _asked(remove, CannotSave, limit)


def _asked(question: "Callable[[ModuleType], object]", failure: type[AeforgeError], limit: float) -> object:
    require_keyring()
    answers: list[object] = []
    failures: list[Exception] = []

    def ask() -> None:
        try:
            import keyring

            answers.append(question(keyring))
        except Exception as error:  # noqa: BLE001 - each of its back ends raises what it likes
            failures.append(error)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(limit)
    if answers:
        return answers[0]
    # Only the kind of error: its text may hold what was to be stored.
    kind = type(failures[0]).__name__ if failures else ""
    why = _KINDS.get(kind, "it reports an error") if failures else f"it did not answer within {limit:g} s"
    raise failure(
        "The system's keyring cannot be used",
        why=why,
        hint=f"to store the key in the config file: {command('auth login')}",
    )


_KINDS = {
    "NoKeyringError": "this system has none, or none that runs",
    "KeyringLocked": "it is locked",
    "InitError": "it cannot be started",
    "PasswordSetError": "it does not store the key",
    "PasswordDeleteError": "it does not remove the key",
}
