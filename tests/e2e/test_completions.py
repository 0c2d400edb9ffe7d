"""Completion, by pressing TAB in real shells: what is offered, how it is quoted, and that aeforge is never started."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from aeforge_cli.manual import completions
from aeforge_cli.manual.completions import Shell as ShellName
from aeforge_cli.manual.completions import script
from aeforge_cli.manual.from_typer import whole_tree
from aeforge_cli.manual.registry import SUMMARIES
from tests.conftest import Aeforge, Home, make_home
from tests.e2e.shells import SHELLS, Shell

FIRST, SECOND = "550e8400-e29b-41d4-a716-446655440000", "661f9511-f3ac-42e5-b827-557766551111"
CONFIG = '[profiles.work]\napi_key = "k"\n\n[ profiles . "play" ]  # the sandbox\n'


@dataclass(frozen=True)
class Desk:
    """A user's folders, and the commands on PATH: an aeforge that tells when it is started."""

    shell: type[Shell]
    home: Home
    commands: Path
    started: Path
    script: Path


@pytest.fixture(scope="module", params=SHELLS)
def desk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    if shutil.which(request.param) is None:
        pytest.skip(f"{request.param} is not installed")
    root = tmp_path_factory.mktemp(request.param)
    home = make_home(root / "home")
    (home.config / "config.toml").write_text(CONFIG)
    (home.state / "pending-jobs").write_text(f"{FIRST}\n{SECOND}\n")
    for name in ("plain.jpg", "my photo.png", "day:one.png"):
        (home.work / name).touch()
    for name in ("out dir", "sub"):
        (home.work / name).mkdir()
    command = root / "commands" / "aeforge"
    command.parent.mkdir()
    command.write_text(f"#!/bin/sh\ntouch '{root}/started'\n")
    command.chmod(0o755)
    written = root / "script"
    written.write_text(script(ShellName(request.param), whole_tree()))
    return Desk(SHELLS[request.param], home, command.parent, root / "started", written)


@pytest.fixture(scope="module")
def shell(desk: Desk) -> Iterator[Shell]:
    opened = desk.shell(desk.home, desk.commands, desk.script)
    yield opened
    opened.close()
    assert not desk.started.exists()


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("aeforge inp", "aeforge inpaint "),
        ("aeforge job wa", "aeforge job wait "),
        ("aeforge help job wa", "aeforge help job wait "),
        ("aeforge help exit", "aeforge help exit-codes "),
        ("aeforge completion z", "aeforge completion zsh "),
        ("aeforge inpaint --dry", "aeforge inpaint --dry-run "),
        ("aeforge inpaint --quality=p", "aeforge inpaint --quality=pro "),
        ("aeforge inpaint -q p", "aeforge inpaint -q pro "),
        ("aeforge generate --model nano-banana-p", "aeforge generate --model nano-banana-pro "),
        ("aeforge inpaint pla", "aeforge inpaint plain.jpg "),
        ("aeforge inpaint plain.jpg my", "aeforge inpaint plain.jpg my\\ photo.png "),
        ("aeforge inpaint 'my", "aeforge inpaint 'my photo.png' "),
        ('aeforge inpaint "my', 'aeforge inpaint "my photo.png" '),
        ("aeforge inpaint ./sub/../pla", "aeforge inpaint ./sub/../plain.jpg "),
        ("aeforge inpaint -p sky -o pla", "aeforge inpaint -p sky -o plain.jpg "),
        ("aeforge inpaint --output=my", "aeforge inpaint --output=my\\ photo.png "),
        ("aeforge sprite make plain.jpg --to my", "aeforge sprite make plain.jpg --to my\\ photo.png "),
        ("aeforge sandbox --state su", "aeforge sandbox --state sub/"),
        ("aeforge sandbox --state=su", "aeforge sandbox --state=sub/"),
        ("aeforge sandbox --state pla", "aeforge sandbox --state pla"),
        ("aeforge job wait 55", f"aeforge job wait {FIRST} "),
        (f"aeforge job wait {FIRST} 66", f"aeforge job wait {FIRST} {SECOND} "),
        ("aeforge job status @la", "aeforge job status @last "),
        ("aeforge inpaint --profile w", "aeforge inpaint --profile work "),
        ("aeforge inpaint --profile=pl", "aeforge inpaint --profile=play "),
        ("aeforge inpaint --profile job pla", "aeforge inpaint --profile job plain.jpg "),
        ("aeforge inpaint -- pla", "aeforge inpaint -- plain.jpg "),
        ("aeforge inpaint http://127.0.0.1:8000/x.png --dry", "aeforge inpaint http://127.0.0.1:8000/x.png --dry-run "),
        (
            "aeforge inpaint --base-url=http://127.0.0.1:1/v1 pla",
            "aeforge inpaint --base-url=http://127.0.0.1:1/v1 plain.jpg ",
        ),
        ("aeforge inpaint -p job wa", "aeforge inpaint -p job wa"),
        ("aeforge completion zsh ba", "aeforge completion zsh ba"),
    ],
    ids=lambda value: value if value.count(" ") < 9 and not value.endswith(" ") else "",
)
def test_tab_completes_the_only_way_to_go_on(shell: Shell, typed: str, completed: str) -> None:
    assert shell.tab(typed) == completed


def test_a_name_with_a_colon_is_completed(shell: Shell) -> None:
    assert shell.tab("aeforge inpaint day").replace("\\", "") == "aeforge inpaint day:one.png "


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("aeforge ", set(SUMMARIES)),
        ("aeforge job ", {"status", "wait", "list", "show", "verify", "export", "import", "prune"}),
        ("aeforge help sprite ", {"make", "reskin", "overlay"}),
        ("aeforge inpaint -q ", {"standard", "pro"}),
        ("aeforge inpaint --format ", {"text", "json", "csv"}),
        ("aeforge upscale --scale ", {"1K", "2K", "4K"}),
        ("aeforge job wait ", {"@last", FIRST, SECOND}),
        ("aeforge inpaint --profile ", {"work", "play"}),
        ("aeforge inpaint --o", {"--output", "--overwrite", "--open"}),
        ("aeforge inpaint -p ", set()),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_tab_offers_all_ways_to_go_on(shell: Shell, typed: str, offered: set[str]) -> None:
    assert {offer.rstrip("=") for offer in shell.offers(typed)} == offered


def test_no_process_is_started_by_a_tab(desk: Desk, strace: str, tmp_path: Path) -> None:
    log = tmp_path / "strace"
    under = (strace, "-f", "-qq", "-e", "trace=execve", "-o", str(log))
    traced = desk.shell(desk.home, desk.commands, desk.script, under)
    before = log.read_text().count("execve(")

    for line in (
        "aeforge ",
        "aeforge inpaint my",
        "aeforge job wait 5",
        "aeforge inpaint --profile w",
        "aeforge inpaint --quality=p",
    ):
        traced.tab(line)
    after = log.read_text().count("execve(")
    traced.close()

    assert after == before


@pytest.mark.parametrize("name", ShellName)
def test_the_script_is_printed_for_every_shell(aeforge: Aeforge, name: ShellName) -> None:
    run = aeforge("completion", name)

    assert (run.exit, run.stdout, run.stderr) == (0, script(name, whole_tree()), "")


def test_a_shell_that_is_not_known_is_refused(aeforge: Aeforge) -> None:
    assert aeforge("completion", "tcsh", "--json").exit == 2


LOADED = {
    "Bash": 'eval "$({aeforge} completion bash)"',
    "Zsh": "source <({aeforge} completion zsh)",
    "Fish": "{aeforge} completion fish | source",
}


def test_a_fresh_shell_completes_at_once(desk: Desk, aeforge: Aeforge, tmp_path: Path) -> None:
    loader = tmp_path / "loader"
    loader.write_text(LOADED[desk.shell.__name__].format(aeforge=aeforge.command) + "\n")
    fresh = desk.shell(desk.home, desk.commands, loader)

    completed = fresh.tab("aeforge inp")
    fresh.close()

    assert completed == "aeforge inpaint "


# ------------------------------------------------------------------ the programs themselves


def programs() -> list[Path]:
    return sorted(Path(completions.__file__).parent.glob("*.in"))


LINTERS = {"aeforge.bash.in": ("shellcheck", "-s", "bash"), "aeforge.fish.in": ("fish", "--no-execute")} | {
    "aeforge.zsh.in": ("zsh", "-n")
}


@pytest.mark.parametrize("program", programs(), ids=lambda path: path.name)
def test_linters_find_nothing_in_the_programs(program: Path) -> None:
    if program.name not in LINTERS or shutil.which(LINTERS[program.name][0]) is None:
        pytest.skip("no linter for it is installed")

    run = subprocess.run([*LINTERS[program.name], program], capture_output=True, text=True, check=False)

    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")


@pytest.mark.parametrize("name", ShellName)
def test_every_part_of_a_program_is_filled_in(name: ShellName) -> None:
    assert re.findall(r"# @\w+@", script(name, whole_tree())) == []


def test_fish_says_of_each_word_what_it_is_one_of() -> None:
    text = script(ShellName.FISH, whole_tree())

    [line] = [line for line in text.splitlines() if "-l model " in line]
    assert "-a 'gpt-image-1.5\\\\t\\'model\\' gpt-image-2\\\\t\\'model\\'" in line
    assert line.endswith("-d 'AI model.'")
