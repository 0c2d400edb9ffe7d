"""The command that the page tells a newcomer to type is one that reaches this very sandbox."""

import pytest

from aeforge_cli.sandbox import SandboxOptions
from aeforge_cli.sandbox.app import Origins, first_command

EDIT = 'aeforge inpaint photo.jpg -p "Change background to blue sky" -o sky.png'


@pytest.mark.parametrize(
    ("api", "options", "command"),
    [
        ("http://127.0.0.1:8765", SandboxOptions(secret="s"), f"{EDIT} --sandbox"),
        (
            "http://127.0.0.1:8765",
            SandboxOptions(),
            f"AEFORGE_API_KEY=sandbox {EDIT} --base-url http://127.0.0.1:8765/public/v1",
        ),
        (
            "http://127.0.0.1:8765",
            SandboxOptions(keys=("mine",)),
            f"AEFORGE_API_KEY=YOUR-KEY {EDIT} --base-url http://127.0.0.1:8765/public/v1",
        ),
        (
            "http://127.0.0.1:9000",
            SandboxOptions(secret="s"),
            f"AEFORGE_API_KEY=sandbox {EDIT} --base-url http://127.0.0.1:9000/public/v1",
        ),
        (
            "http://[::1]:8765",
            SandboxOptions(secret="s"),
            f"AEFORGE_API_KEY=sandbox {EDIT} --base-url http://[::1]:8765/public/v1",
        ),
    ],
    ids=["as it starts by itself", "where it has no file", "with keys of one's own", "on another port", "on IPv6"],
)
def test_the_first_command_reaches_the_sandbox_that_shows_it(api: str, options: SandboxOptions, command: str) -> None:
    origins = Origins(api=api, images="http://127.0.0.1:1", images_port=1)

    assert first_command(options, origins) == command
