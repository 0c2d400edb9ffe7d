"""Libraries that only some uses need: how to install those of an extra, in the way that this aeforge was installed."""

import shlex
import shutil
import sys
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path


def install_hint(extra: str, prefix: Path | None = None) -> str:
    """The command that adds the extra to this installation, whether pip, pipx or uv made it."""
    return install_command(_requirements(extra), prefix)


def install_command(requirements: list[str], prefix: Path | None = None) -> str:
    """The command that adds packages to this installation.

    The packages themselves, not `aeforge[extra]`: pipx refuses to inject what is there already, and aeforge may have
    been installed from a clone that no index knows.
    """
    home = prefix or Path(sys.prefix)
    if (home / "pipx_metadata.json").exists():
        return f"pipx inject aeforge {shlex.join(requirements)}"
    if (home / "uv-receipt.toml").exists() or _made_by_uv(home / "pyvenv.cfg"):
        return f"uv pip install --python {shlex.quote(sys.executable)} {shlex.join(requirements)}"
    ours = Path(sys.executable).with_name("pip")
    pip = "pip" if shutil.which("pip") == str(ours) else f"{shlex.quote(sys.executable)} -m pip"
    return f"{pip} install {shlex.join(requirements)}"


def _made_by_uv(configuration: Path) -> bool:
    """Environments of uv have no pip of their own."""
    try:
        return any(line.startswith("uv =") for line in configuration.read_text("utf-8").splitlines())
    except OSError:
        return False


def _requirements(extra: str) -> list[str]:
    """What the extra asks for beyond aeforge itself, such as `Pillow>=11`."""
    try:
        found = requires("aeforge") or []
    except PackageNotFoundError:  # run from a checkout that is not installed
        found = []
    parts = [requirement.partition(";") for requirement in found]
    marks = (f"extra == '{extra}'", f'extra == "{extra}"')
    return [name.strip() for name, _, marker in parts if marker.strip() in marks] or [f"aeforge[{extra}]"]
