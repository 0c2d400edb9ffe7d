"""Keys that are not in the config file: a program prints them, or the system's keyring holds them."""

import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import keyring
import keyring.backend
import keyring.errors
import pytest

from aeforge_cli.config.key_command import printed_by, program_of
from aeforge_cli.config.keyring_store import forget, store, stored
from aeforge_cli.config.settings import Settings
from aeforge_cli.errors import CannotSave, NotSignedIn, Usage
from aeforge_cli.extras import install_hint

KEY = "sk-0123456789abcdef"


def program(path: Path, text: str) -> str:
    path.write_text(f"#!{sys.executable}\n{text}\n")
    path.chmod(0o700)
    return f"{path} 'an argument'"


# ------------------------------------------------------------------ a program


def test_a_program_prints_the_key(tmp_path: Path) -> None:
    command = program(tmp_path / "key", f"import sys; print(' {KEY}', sys.argv[1:])")

    assert printed_by(command, "x") == f" {KEY} ['an argument']\n"


@pytest.mark.parametrize("text", ["$HOME", "a;b", "`id`", "*"])
def test_no_shell_has_a_hand_in_it(tmp_path: Path, text: str) -> None:
    command = program(tmp_path / "key", "import sys; print(sys.argv[2])")

    assert printed_by(f"{command} '{text}'", "x") == f"{text}\n"


FAILURES = {
    "a status": (f"import sys; print('{KEY}'); print('{KEY}', file=sys.stderr); sys.exit(3)", "exited with status 3"),
    "a signal": ("import os; os.kill(os.getpid(), 9)", "was ended by signal 9"),
    "a flood": ("print('x' * 1_000_000)", "printed more than a key"),
}


@pytest.mark.parametrize(("text", "why"), FAILURES.values(), ids=FAILURES)
def test_a_failure_is_told_without_what_was_printed(
    tmp_path: Path, text: str, why: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(NotSignedIn) as refused:
        printed_by(program(tmp_path / "key", text), "api_key_command")

    assert refused.value.message == "The program of api_key_command printed no API key"
    assert refused.value.why == f"{tmp_path / 'key'} {why}"
    assert KEY not in f"{refused.value.as_json()} {capfd.readouterr()}"


@pytest.mark.parametrize("command", ["/does/not/exist --now", os.devnull, "/"])
def test_what_cannot_be_started_is_told(command: str) -> None:
    with pytest.raises(NotSignedIn, match="printed no API key") as refused:
        printed_by(command, "x")

    assert refused.value.why.startswith(f"{command.partition(' ')[0]}: ")


def test_a_program_that_never_ends_is_ended(tmp_path: Path) -> None:
    started = tmp_path / "started"
    text = f"import os, time\nopen({str(started)!r}, 'w').write(str(os.getpid()))\nwhile True: time.sleep(60)"

    with pytest.raises(NotSignedIn, match="printed no API key") as refused:
        printed_by(program(tmp_path / "key", text), "x", limit=2)

    assert refused.value.why.endswith("took longer than 2 s")
    with pytest.raises(ProcessLookupError):
        os.kill(int(started.read_text()), 0)


def test_a_child_of_the_program_that_stays_is_not_waited_for(tmp_path: Path) -> None:
    text = f"import os, time\nif os.fork() == 0:\n  time.sleep(20); os._exit(0)\nprint('{KEY}', flush=True)"
    began = time.monotonic()

    assert printed_by(program(tmp_path / "key", text), "x") == f"{KEY}\n"
    assert time.monotonic() - began < 15


def test_only_the_name_of_a_program_is_for_messages() -> None:
    assert program_of("'my program' --password x") == "my program"


# ------------------------------------------------------------------ the keyring


class Remembering(keyring.backend.KeyringBackend):
    """A keyring for the length of a test."""

    priority = 1
    kept: ClassVar[dict[tuple[str, str], str]] = {}

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # the package gives no types here

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


class Locked(Remembering):
    def get_password(self, service: str, username: str) -> str | None:
        raise keyring.errors.KeyringLocked(f"no {KEY}")

    def set_password(self, service: str, username: str, password: str) -> None:
        raise keyring.errors.PasswordSetError(password)


class Dead(Remembering):
    """As over a D-Bus that nobody answers."""

    def __init__(self) -> None:
        super().__init__()
        self.ends = threading.Event()

    def get_password(self, service: str, username: str) -> str | None:
        self.ends.wait(30)
        return None


@pytest.fixture(autouse=True)
def own_keyring() -> Iterator[None]:
    before = keyring.get_keyring()
    keyring.set_keyring(Remembering())
    Remembering.kept.clear()
    yield
    keyring.set_keyring(before)


def test_what_is_stored_is_found_until_it_is_forgotten() -> None:
    store("work", KEY)
    assert Remembering.kept == {("aeforge", "work"): KEY}
    found = stored("work")
    forget("work")
    forget("work")

    assert (found, stored("work")) == (KEY, None)


def test_profiles_of_one_name_in_two_config_files_have_each_a_key_of_their_own(tmp_path: Path) -> None:
    mine, other = (_settings_with_keyring(tmp_path / name) for name in ("mine", "other"))
    store(mine.keyring_name, KEY)

    assert mine.key()[0].reveal() == KEY
    with pytest.raises(NotSignedIn, match="keyring holds no API key"):
        other.key()


def _settings_with_keyring(folder: Path) -> Settings:
    folder.mkdir(mode=0o700)
    (folder / "config.toml").write_text("[profiles.default]\nkeyring = true\n")
    (folder / "config.toml").chmod(0o600)
    return Settings({"AEFORGE_CONFIG_DIR": str(folder), "AEFORGE_STATE_DIR": str(folder)})


def test_a_keyring_that_refuses_is_told_without_the_key() -> None:
    keyring.set_keyring(Locked())

    with pytest.raises(NotSignedIn) as unread:
        stored("work")
    with pytest.raises(CannotSave) as unwritten:
        store("work", KEY)

    assert (unread.value.why, unwritten.value.why) == ("it is locked", "it does not store the key")
    assert KEY not in f"{unread.value.as_json()} {unwritten.value.as_json()}"


def test_a_keyring_that_never_answers_is_not_waited_for() -> None:
    dead = Dead()
    keyring.set_keyring(dead)

    with pytest.raises(NotSignedIn) as refused:
        stored("work", limit=0.2)

    dead.ends.set()

    assert refused.value.why == "it did not answer within 0.2 s"


def test_without_the_extra_what_to_install_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)  # as Python does for what cannot be imported

    with pytest.raises(Usage) as refused:
        store("work", KEY)

    assert refused.value.hint == install_hint("keyring")
