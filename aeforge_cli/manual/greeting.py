"""What a newcomer is shown: the one command that works at once, without a key and at no cost."""

import importlib.util
import shlex
from pathlib import Path

from aeforge_cli.extras import install_hint

_SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}


def has_sandbox() -> bool:
    """Whether the extra `sandbox` is installed."""
    return importlib.util.find_spec("fastapi") is not None


def greeting(folder: Path, *, needs_install: bool) -> str:
    """With a picture of the folder where there is one, so that the command works as it stands."""
    lines = ["Welcome to aeforge. Try it without a key, at no cost:", ""]
    if needs_install:
        lines.append(f"  {install_hint('sandbox')}")
    picture = shlex.quote(_picture(folder))
    lines += [
        f'  aeforge inpaint {picture} -p "blue sky" -o sky.png --sandbox',
        "",
        "With an API key from the service's dashboard, sign in",
        "(aeforge auth login) and leave --sandbox out.",
    ]
    return "\n".join(lines)


def _picture(folder: Path) -> str:
    """The name of a picture in the folder, else of one that the user will put there."""
    try:
        names = sorted(path.name for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES)
    except OSError:
        names = []
    return next((name for name in names if name.isprintable() and not name.startswith("-")), "photo.jpg")
