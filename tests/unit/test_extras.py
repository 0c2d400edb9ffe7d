"""How to add an extra, in the way that this aeforge was installed."""

import sys
from pathlib import Path

import pytest

from aeforge_cli.extras import install_hint


@pytest.mark.parametrize(
    ("file", "text", "hint"),
    [
        ("pipx_metadata.json", "{}", "pipx inject aeforge 'pillow>=11'"),
        ("uv-receipt.toml", "", f"uv pip install --python {sys.executable} 'pillow>=11'"),
        ("pyvenv.cfg", "home = /usr\nuv = 0.9.0\n", f"uv pip install --python {sys.executable} 'pillow>=11'"),
        ("pyvenv.cfg", "home = /usr\n", f"{sys.executable} -m pip install 'pillow>=11'"),
    ],
    ids=["pipx", "uv tool", "uv venv", "pip"],
)
def test_the_command_is_that_of_the_installer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, text: str, hint: str
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / file).write_text(text)

    assert install_hint("preview", tmp_path) == hint


def test_the_pip_that_is_on_path_is_named_shortly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pip = tmp_path / "pip"
    pip.write_text("")
    pip.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))

    assert install_hint("preview", tmp_path) == "pip install 'pillow>=11'"


@pytest.mark.parametrize("file", ["pipx_metadata.json", "uv-receipt.toml", "pyvenv.cfg"])
def test_no_command_needs_aeforge_itself_to_be_on_an_index(tmp_path: Path, file: str) -> None:
    (tmp_path / file).write_text("")

    assert all(
        "aeforge[" not in install_hint(extra, tmp_path) for extra in ("preview", "keyring", "postgres", "sandbox")
    )
