"""`aeforge auth`: the key is asked for, checked, stored privately, shown masked and forgotten."""

import json
import os
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from tests.conftest import Aeforge, Home, Run, png
from tests.e2e.conftest import Sandbox
from tests.faults.fake import API_KEY, Fake, told_as_json

NO_KEY: Mapping[str, str | None] = {"AEFORGE_API_KEY": None}
MASKED = f"...{API_KEY[-4:]}"


@pytest.fixture
def newcomer(aeforge: Aeforge, fake: Fake) -> Aeforge:
    """Someone whose service is known, and who has no key."""
    aeforge.home = replace(aeforge.home, env={**aeforge.home.env, "AEFORGE_BASE_URL": fake.base_url})
    return aeforge


def stored(home: Home) -> dict[str, dict[str, str]]:
    """The profiles of the config file."""
    path = home.config / "config.toml"
    profiles: dict[str, dict[str, str]] = tomllib.loads(path.read_text())["profiles"] if path.exists() else {}
    return profiles


def sign_in(user: Aeforge, *options: str, key: str = API_KEY) -> Run:
    return user("auth", "login", "--with-token", *options, stdin=f"{key}\n".encode())


# ------------------------------------------------------------------ signing in


def test_on_a_terminal_the_key_is_asked_for_and_never_shown(newcomer: Aeforge, fake: Fake, home: Home) -> None:
    terminal = newcomer.terminal("auth", "login")
    terminal.shows("API key: ")
    terminal.types(f"{API_KEY}\n")

    run = terminal.finish()

    assert run.exit == 0
    assert API_KEY not in run.stderr
    assert f"signed in: key {MASKED} of profile default in {home.config}/config.toml" in run.stderr.replace("\r\n", "")
    assert stored(home)["default"]["api_key"] == API_KEY
    assert [request.method for request in fake.api.requests] == ["GET"]


def test_without_a_terminal_the_key_is_read_from_stdin(newcomer: Aeforge, home: Home) -> None:
    run = newcomer("auth", "login", stdin=f"  {API_KEY}\r\n".encode())

    assert (run.exit, run.stdout) == (0, "")
    assert run.stderr == f"signed in: key {MASKED} of profile default in {home.config}/config.toml\n"
    assert stored(home)["default"]["api_key"] == API_KEY
    assert datetime.fromisoformat(stored(home)["default"]["verified"]).tzinfo is not None


def test_a_stored_key_is_for_its_owner_alone(newcomer: Aeforge, home: Home) -> None:
    sign_in(newcomer)

    path = home.config / "config.toml"
    assert (stat.S_IMODE(path.stat().st_mode), stat.S_IMODE(path.parent.stat().st_mode)) == (0o600, 0o700)


def test_a_stored_key_is_used(newcomer: Aeforge, fake: Fake) -> None:
    sign_in(newcomer)

    assert newcomer("job", "status", fake.add_job(png())).exit == 0


def test_a_bad_key_is_not_stored(newcomer: Aeforge, home: Home) -> None:
    run = sign_in(newcomer, "--json", key="sk-wrong-key-000000")

    assert run.ending == (4, "key_rejected")
    assert stored(home) == {}


@pytest.mark.parametrize("key", ["", "two words", "x" * 513, "ключ"], ids=["nothing", "words", "too long", "not ASCII"])
def test_what_can_be_no_key_is_refused_unasked(newcomer: Aeforge, fake: Fake, home: Home, key: str) -> None:
    run = sign_in(newcomer, "--json", key=key)

    assert run.ending == (4, "not_signed_in")
    assert (stored(home), fake.api.requests) == ({}, [])


def test_a_service_that_cannot_be_reached_stores_nothing(newcomer: Aeforge, home: Home) -> None:
    run = sign_in(newcomer, "--base-url", "http://127.0.0.1:9/public/v1", "--json")

    assert run.ending == (5, "unreachable")
    assert stored(home) == {}


def test_a_key_without_a_user_is_told_as_one(newcomer: Aeforge, fake: Fake, home: Home) -> None:
    fake.polls.says(told_as_json({"detail": "Not Found User"}, status=404))

    assert sign_in(newcomer, "--json").ending == (4, "account_not_found")
    assert stored(home) == {}


def test_a_key_can_be_stored_unasked(newcomer: Aeforge, fake: Fake, home: Home) -> None:
    run = sign_in(newcomer, "--no-verify", key="sk-anything-goes-here")

    assert (run.exit, stored(home), fake.api.requests) == (0, {"default": {"api_key": "sk-anything-goes-here"}}, [])


def test_each_profile_has_its_own_key(newcomer: Aeforge, fake: Fake, home: Home) -> None:
    sign_in(newcomer, "--profile", "work")
    sign_in(newcomer, "--no-verify", key="sk-private-0000")

    assert {name: values["api_key"] for name, values in stored(home).items()} == {
        "work": API_KEY,
        "default": "sk-private-0000",
    }
    job_id = fake.add_job(png())
    assert newcomer("job", "status", job_id, "--profile", "work").exit == 0
    assert newcomer("job", "status", job_id).exit == 4
    assert newcomer("job", "status", job_id, env={"AEFORGE_PROFILE": "work"}).exit == 0


def test_another_service_is_remembered_with_its_key(newcomer: Aeforge, fake: Fake, home: Home) -> None:
    sign_in(newcomer, "--profile", "local", "--base-url", fake.base_url)

    assert stored(home)["local"]["base_url"] == fake.base_url
    run = newcomer("job", "status", fake.add_job(png()), "--profile", "local", env={"AEFORGE_BASE_URL": None})
    assert run.exit == 0


def test_the_sandbox_needs_no_key(newcomer: Aeforge) -> None:
    assert sign_in(newcomer, "--sandbox", "--json").ending == (2, "usage")


def test_the_sandbox_can_be_signed_in_to_like_the_service(aeforge: Aeforge, sandbox: Sandbox, home: Home) -> None:
    good = sign_in(aeforge, "--base-url", sandbox.base_url, key=sandbox.key)
    bad = sign_in(aeforge, "--base-url", sandbox.base_url, "--profile", "bad", key="not-the-key")

    assert (good.exit, bad.exit) == (0, 4)
    assert [*stored(home)] == ["default"]


def test_a_key_in_the_environment_wins_and_says_so(newcomer: Aeforge) -> None:
    run = newcomer("auth", "login", "--with-token", stdin=API_KEY.encode(), env={"AEFORGE_API_KEY": API_KEY})

    assert "warning: AEFORGE_API_KEY is set, and wins over the stored key" in run.stderr


# ------------------------------------------------------------------ which key is used


def test_the_status_names_the_key_and_its_source(newcomer: Aeforge, fake: Fake, home: Home) -> None:
    sign_in(newcomer)

    run = newcomer("auth", "status")

    assert (run.exit, run.stderr) == (0, "")
    assert run.stdout.splitlines() == [
        "profile   default",
        f"service   {fake.base_url}",
        f"key       {MASKED} from profile default in {home.config}/config.toml",
        "verified  yes, just now",
    ]


def test_the_status_as_json_is_one_object(newcomer: Aeforge, fake: Fake) -> None:
    run = newcomer("auth", "status", "--json", env={"AEFORGE_API_KEY": API_KEY})

    assert run.rows == [
        {
            "schema": 1,
            "profile": "default",
            "base_url": fake.base_url,
            "source": "AEFORGE_API_KEY",
            "key": MASKED,
            "verified": True,
            "verified_at": None,
        }
    ]


def test_the_status_can_be_asked_for_offline(newcomer: Aeforge, fake: Fake, home: Home) -> None:
    sign_in(newcomer)
    asked = len(fake.api.requests)

    [row] = newcomer("auth", "status", "--offline", "--json").rows

    assert (row["verified"], row["verified_at"], len(fake.api.requests)) == (
        None,
        stored(home)["default"]["verified"],
        asked,
    )


def test_without_a_key_the_status_is_4(newcomer: Aeforge, fake: Fake) -> None:
    run = newcomer("auth", "status")

    assert (run.exit, run.stdout, fake.api.requests) == (4, "", [])
    assert run.stderr.splitlines() == [
        "error: There is no API key",
        (
            "why:   neither AEFORGE_API_KEY nor profile default has one; API keys are issued at https://aetherforgeai.com;"
            " --sandbox needs none"
        ),
        "next:  aeforge auth login",
    ]


def test_with_a_bad_key_the_status_is_4_and_shows_which(newcomer: Aeforge) -> None:
    run = newcomer("auth", "status", "--json", env={"AEFORGE_API_KEY": "sk-wrong-key-000000"})

    assert (run.ending, run.rows[0]["key"], run.rows[0]["verified"]) == ((4, "key_rejected"), "...0000", False)


def test_where_the_service_cannot_be_asked_the_status_says_so(newcomer: Aeforge) -> None:
    env = {"AEFORGE_API_KEY": API_KEY, "AEFORGE_BASE_URL": "http://127.0.0.1:9/public/v1"}

    run = newcomer("auth", "status", "--json", env=env)

    assert (run.ending, run.rows[0]["verified"]) == ((5, "unreachable"), None)


def test_a_profile_that_is_named_pays_whatever_the_environment_holds(newcomer: Aeforge, fake: Fake) -> None:
    sign_in(newcomer, "--profile", "work")
    job_id, another = fake.add_job(png()), {"AEFORGE_API_KEY": "sk-another-key-0000"}

    assert newcomer("job", "status", job_id, "--profile", "work", env=another).exit == 0
    assert newcomer("job", "status", job_id, env=another).exit == 4


def test_a_profile_that_does_not_exist_is_refused_with_the_known_ones(newcomer: Aeforge, fake: Fake) -> None:
    sign_in(newcomer, "--profile", "work")
    asked = len(fake.api.requests)

    run = newcomer("job", "status", fake.add_job(png()), "--profile", "wrok", env={"AEFORGE_API_KEY": API_KEY})

    assert (run.exit, len(fake.api.requests)) == (2, asked)
    assert run.stderr.splitlines() == [
        "error: There is no profile wrok",
        "why:   known profiles: default, work",
        "next:  to make it: aeforge auth login --profile wrok",
    ]


def test_hints_name_the_profile_that_was_given(newcomer: Aeforge) -> None:
    refused = sign_in(newcomer, "--profile", "work", "--json", key="sk-wrong-key-000000")
    unusable = sign_in(newcomer, "--profile", "work", "--json", key="two words")

    assert {run.error["hint"] for run in (refused, unusable)} == {"aeforge auth login --profile work"}


def test_a_refused_key_comes_with_where_another_is_got(newcomer: Aeforge) -> None:
    run = sign_in(newcomer, "--json", key="sk-wrong-key-000000")

    assert run.error["message"].endswith(": API keys are issued at https://aetherforgeai.com")


# ------------------------------------------------------------------ a key that a program prints


def test_a_key_that_a_program_prints_is_used(newcomer: Aeforge, fake: Fake, home: Home) -> None:
    newcomer("config", "set", "api_key_command", f"printf {API_KEY}")

    run = newcomer("auth", "status")

    place = f"profile default in {home.config}/config.toml"
    assert (run.exit, f"key       {MASKED} from api_key_command of {place}" in run.stdout) == (0, True)
    assert newcomer("job", "status", fake.add_job(png())).exit == 0
    assert API_KEY not in "".join(run.stdout + run.stderr for run in newcomer.runs)


def test_a_program_that_fails_is_told_without_what_it_printed(newcomer: Aeforge, fake: Fake) -> None:
    command = f"sh -c 'echo {API_KEY}; echo {API_KEY} >&2; exit 3'"

    run = newcomer("auth", "status", "--json", env={"AEFORGE_API_KEY_COMMAND": command})

    assert run.ending == (4, "not_signed_in")
    assert run.error["message"].endswith("printed no API key: sh exited with status 3")
    assert (API_KEY in run.stdout + run.stderr, fake.api.requests) == (False, [])


def test_a_program_is_not_run_to_list_the_settings_or_for_a_dry_run(newcomer: Aeforge, photo: Path) -> None:
    env = {"AEFORGE_API_KEY_COMMAND": "touch ran"}

    listed = newcomer("config", "list", env=env)
    dry = newcomer("inpaint", photo, "-p", "x", "--dry-run", env=env)

    assert (listed.exit, dry.exit, dry.rows[0]["key_from"]) == (0, 0, "AEFORGE_API_KEY_COMMAND")
    assert not (photo.parent / "ran").exists()


# ------------------------------------------------------------------ a key in the system's keyring

BACKEND = """
import json, os, pathlib
from keyring.backend import KeyringBackend

FILE = pathlib.Path(os.environ["KEPT"])

class Kept(KeyringBackend):
    priority = 1

    def _all(self):
        return json.loads(FILE.read_text()) if FILE.exists() else {}

    def get_password(self, service, username):
        return self._all().get(f"{service} {username}")

    def set_password(self, service, username, password):
        FILE.write_text(json.dumps(self._all() | {f"{service} {username}": password}))

    def delete_password(self, service, username):
        FILE.write_text(json.dumps({k: v for k, v in self._all().items() if k != f"{service} {username}"}))
"""


@pytest.fixture
def kept(newcomer: Aeforge, tmp_path: Path) -> Path:
    """What the keyring of a newcomer holds."""
    (tmp_path / "kept_in_a_file.py").write_text(BACKEND)
    path = tmp_path / "keyring.json"
    env = {"PYTHONPATH": str(tmp_path), "PYTHON_KEYRING_BACKEND": "kept_in_a_file.Kept", "KEPT": str(path)}
    newcomer.home = replace(newcomer.home, env={**newcomer.home.env, **env})
    return path


def test_a_key_in_the_keyring_is_not_in_the_file_and_is_used(newcomer: Aeforge, kept: Path, home: Home) -> None:
    run = sign_in(newcomer, "--keyring")

    assert (run.exit, run.stderr) == (0, f"signed in: key {MASKED} of profile default in the system's keyring\n")
    assert (API_KEY in kept.read_text(), API_KEY in (home.config / "config.toml").read_text()) == (True, False)
    status = newcomer("auth", "status", "--json")
    assert (status.exit, status.rows[0]["key"]) == (0, MASKED)
    assert status.rows[0]["source"].startswith("the system's keyring, for profile default in ")


def test_signing_out_takes_the_key_out_of_the_keyring(newcomer: Aeforge, kept: Path) -> None:
    sign_in(newcomer, "--keyring")

    assert newcomer("auth", "logout").exit == 0
    assert API_KEY not in kept.read_text()
    assert newcomer("auth", "status").exit == 4


def test_a_key_in_the_file_takes_the_place_of_one_in_the_keyring(newcomer: Aeforge, kept: Path, home: Home) -> None:
    sign_in(newcomer, "--keyring")
    sign_in(newcomer)

    assert (API_KEY in kept.read_text(), stored(home)["default"]["api_key"]) == (False, API_KEY)
    assert "keyring" not in stored(home)["default"]


def test_a_keyring_that_has_lost_the_key_is_told(newcomer: Aeforge, kept: Path) -> None:
    sign_in(newcomer, "--keyring", "--profile", "work")
    kept.write_text("{}")

    run = newcomer("auth", "status", "--profile", "work", "--json")

    assert (run.ending, run.error["hint"]) == ((4, "not_signed_in"), "aeforge auth login --profile work --keyring")


# ------------------------------------------------------------------ a config file of another user


@pytest.fixture
def theirs(newcomer: Aeforge, home: Home) -> Path:
    if os.geteuid() != 0:
        pytest.skip("only root gives files away")
    sign_in(newcomer)
    file = home.config / "config.toml"
    for each in (home.config, *home.config.iterdir()):
        os.chown(each, 1000, 1000)
    return file


def test_of_another_users_file_only_the_key_is_refused(
    newcomer: Aeforge, fake: Fake, theirs: Path, photo: Path
) -> None:
    job_id, mine = fake.add_job(png()), {"AEFORGE_API_KEY": API_KEY}
    run = newcomer("job", "status", job_id, "--json")

    assert run.ending == (4, "not_signed_in")
    assert run.error["message"].endswith(f"is not used: {theirs} belongs to another user (uid 1000)")
    assert newcomer("job", "status", job_id, env=mine).exit == 0
    assert newcomer("config", "path").exit == 0
    assert newcomer("config", "set", "quality", "pro").exit == 0
    assert newcomer("inpaint", photo, "-p", "x", "--sandbox", "--dry-run").rows[0]["form"]["quality"] == "pro"
    assert {each.stat().st_uid for each in theirs.parent.iterdir()} == {1000}


def test_no_key_is_asked_for_that_could_not_be_stored(newcomer: Aeforge, fake: Fake, theirs: Path) -> None:
    before = len(fake.api.requests)

    run = sign_in(newcomer, "--json")

    assert (run.ending, len(fake.api.requests)) == ((9, "cannot_save"), before)


# ------------------------------------------------------------------ signing out


def test_after_signing_out_the_key_is_gone(newcomer: Aeforge, home: Home) -> None:
    sign_in(newcomer)

    run = newcomer("auth", "logout")

    assert (run.exit, run.stdout, run.stderr) == (0, "", "signed out: profile default has no key any more\n")
    assert stored(home) == {"default": {}}
    assert API_KEY not in "".join(path.read_text() for path in home.config.iterdir())
    assert newcomer("auth", "status").exit == 4


def test_signing_out_of_one_profile_leaves_the_others(newcomer: Aeforge, home: Home) -> None:
    sign_in(newcomer, "--profile", "work")
    sign_in(newcomer)

    newcomer("auth", "logout", "--profile", "work")

    assert {name: "api_key" in values for name, values in stored(home).items()} == {"work": False, "default": True}


def test_signing_out_without_a_key_is_told(newcomer: Aeforge) -> None:
    run = newcomer("auth", "logout", "--json")

    assert (run.ending, run.error["message"]) == ((4, "not_signed_in"), "Profile default has no stored key")


def test_after_signing_out_a_key_in_the_environment_is_still_used(newcomer: Aeforge) -> None:
    sign_in(newcomer)

    run = newcomer("auth", "logout", env={"AEFORGE_API_KEY": API_KEY})

    assert run.stderr.splitlines()[-1] == "warning: AEFORGE_API_KEY is still set, and is still used"


def test_no_output_of_any_of_these_ever_holds_the_key(newcomer: Aeforge) -> None:
    sign_in(newcomer, "--debug")
    newcomer("auth", "status", "--debug")
    newcomer("auth", "status", "--debug", "--json", env={"AEFORGE_API_KEY": API_KEY})

    told = json.dumps([(run.stdout, run.stderr) for run in newcomer.runs])
    assert "Authorization: Bearer ***" in told
    assert API_KEY not in told
