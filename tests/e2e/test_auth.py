"""`aeforge auth`: the key is asked for, checked, stored privately, shown masked and forgotten."""

import json
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

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
        "why:   neither AEFORGE_API_KEY nor profile default has one; API keys are issued at https://aetherforgeai.com",
        "next:  aeforge auth login, or try the same command with --sandbox, which needs none and costs nothing",
    ]


def test_with_a_bad_key_the_status_is_4_and_shows_which(newcomer: Aeforge) -> None:
    run = newcomer("auth", "status", "--json", env={"AEFORGE_API_KEY": "sk-wrong-key-000000"})

    assert (run.ending, run.rows[0]["key"], run.rows[0]["verified"]) == ((4, "key_rejected"), "...0000", False)


def test_where_the_service_cannot_be_asked_the_status_says_so(newcomer: Aeforge) -> None:
    env = {"AEFORGE_API_KEY": API_KEY, "AEFORGE_BASE_URL": "http://127.0.0.1:9/public/v1"}

    run = newcomer("auth", "status", "--json", env=env)

    assert (run.ending, run.rows[0]["verified"]) == ((5, "unreachable"), None)


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
