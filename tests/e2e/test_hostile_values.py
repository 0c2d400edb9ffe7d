"""Whatever a user, a file or a pipe says, the command answers with a sentence and a documented exit code."""

import os
from pathlib import Path

import pytest

from tests.conftest import Aeforge
from tests.faults.fake import Fake

ENDLESS = {
    "ids": ("job", "status", "-"),
    "a prompt": ("inpaint", "photo.png", "-p", "@-"),
    "a prompt's file": ("inpaint", "photo.png", "-p", "@/dev/zero"),
    "a manifest": ("inpaint", "--manifest", "-"),
    "a manifest's file": ("inpaint", "--manifest", "/dev/zero"),
    "paths": ("inpaint", "--from", "-", "-p", "x"),
    "a build list": ("build", "-"),
    "an export": ("job", "import", "-"),
    "rows": ("sprite", "overlay", "photo.png", "photo.png", "--rows", "@-"),
}


@pytest.mark.parametrize("words", ENDLESS.values(), ids=ENDLESS)
def test_a_text_without_an_end_is_refused_in_one_sentence(
    user: Aeforge, fake: Fake, photo: Path, words: tuple[str, ...]
) -> None:
    with Path("/dev/zero").open("rb") as endless:
        run = user.start(*words, stdin=endless.fileno()).finish()

    assert (run.exit, len(fake.posts())) == (2, 0)
    assert "longer than 16 MiB\n" in run.stderr if "import" in words else "longer than 64 MiB" in run.stderr


@pytest.mark.parametrize("words", [each for each in ENDLESS.values() if "/dev/zero" not in "".join(each)])
def test_a_closed_standard_input_is_named_as_such(
    user: Aeforge, fake: Fake, photo: Path, words: tuple[str, ...]
) -> None:
    run = user.start(*words, under=("sh", "-c", 'exec "$@" <&-', "sh")).finish()

    assert (run.exit, len(fake.posts())) == (2, 0)
    assert "Standard input is closed" in run.stderr


def test_nothing_is_removed_beside_a_device_that_a_result_is_written_to(user: Aeforge, fake: Fake, photo: Path) -> None:
    leftover = photo.with_name(".aeforge-0.part")
    leftover.write_bytes(b"")
    os.mkfifo(pipe := photo.with_name("pipe"))
    running = user.start("inpaint", "photo.png", "-p", "x", "-o", "pipe")

    content = pipe.read_bytes()

    assert running.finish().exit == 0
    assert [content] == [image for job in fake.jobs for image in fake.images_of(job)]
    assert leftover.exists()


@pytest.mark.parametrize("module", ["aeforge_cli.errors", "aeforge_cli.session", "aeforge_cli.manual.from_typer"])
def test_an_early_ctrl_c_ends_without_a_traceback(user: Aeforge, fake: Fake, photo: Path, module: str) -> None:
    """It arrives while the module is imported: a finder, put in by `sitecustomize`, sends it then."""
    (photo.parent / "sitecustomize.py").write_text(INTERRUPTING.format(module=module))

    run = user("inpaint", "photo.png", "-p", "x", env={"PYTHONPATH": str(photo.parent)})

    assert (run.exit, len(fake.posts())) == (130, 0)
    assert "Traceback" not in run.stderr


MALFORMED = ("https://[::1", "http://", "https://a b/c.png", "http://host:99999/x.png")


@pytest.mark.parametrize("address", MALFORMED)
def test_an_address_without_a_usable_host_is_refused_with_its_place(user: Aeforge, fake: Fake, address: str) -> None:
    work = user.home.work
    (work / "list.txt").write_text(f"{address}\n")
    (work / "list.csv").write_text(f"image,prompt\n{address},x\n")
    (work / "list.jsonl").write_text(
        f'{{"out": "a.png", "operation": "inpaint", "prompt": "x", "image": "{address}"}}\n'
    )

    alone = user("inpaint", address, "-p", "x")
    named = user("inpaint", "--from", "list.txt", "-p", "x", "-o", "out/")
    line = user("inpaint", "--manifest", "list.csv", "-o", "out/")
    asset = user("build", "list.jsonl")

    assert [run.exit for run in (alone, named, line, asset)] == [2, 2, 2, 2]
    assert [run.stderr.count(" is not a web address\n") for run in (alone, named, line, asset)] == [1, 1, 1, 1]
    assert line.stderr.startswith("error: list.csv:2: ")
    assert "list.jsonl:1: a.png: " in asset.stderr
    assert fake.posts() == []


INTERRUPTING = """
import os, signal, sys

class Finder:
    def find_spec(self, name, path, target=None):
        if name == "{module}":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Finder())
"""
