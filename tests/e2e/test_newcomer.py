"""The first minute: what a user without a key and without settings is told."""

from pathlib import Path

import pytest

from aeforge_cli.manual.greeting import greeting
from tests.conftest import Aeforge, png


def test_a_newcomer_is_greeted_with_a_command_that_works_as_it_stands(aeforge: Aeforge) -> None:
    (aeforge.home.work / "my cat.png").write_bytes(png(1))

    run = aeforge()

    assert run.exit == 0
    assert run.stdout.startswith("Welcome to aeforge. Try it without a key, at no cost:\n\n")
    assert "  aeforge inpaint 'my cat.png' -p \"blue sky\" -o sky.png --sandbox\n" in run.stdout
    assert run.stdout.endswith(aeforge("--help").stdout)


def test_where_there_is_no_picture_the_command_names_one_to_put_there(aeforge: Aeforge) -> None:
    assert "  aeforge inpaint photo.jpg -p" in aeforge().stdout


def test_a_picture_whose_name_would_act_on_the_terminal_is_not_named(aeforge: Aeforge) -> None:
    (aeforge.home.work / "\x1b[2J.png").write_bytes(png(1))

    assert "\x1b" not in aeforge().stdout


def test_without_the_sandbox_the_way_to_install_it_comes_first(tmp_path: Path) -> None:
    first, second = [line for line in greeting(tmp_path, needs_install=True).splitlines() if line.startswith("  ")]

    assert "pip install" in first
    assert second.startswith("  aeforge inpaint photo.jpg")


@pytest.mark.parametrize("env", [{"AEFORGE_API_KEY": "sk-live-0123456789abcdef"}, {}], ids=["a key", "settings"])
def test_who_has_begun_is_not_greeted(aeforge: Aeforge, env: dict[str, str]) -> None:
    if not env:
        (aeforge.home.config / "config.toml").write_text("")

    assert aeforge(env=env).stdout == aeforge("--help").stdout
