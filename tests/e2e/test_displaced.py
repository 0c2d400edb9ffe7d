"""Results in one another's places, while the service has them no more: what is on this disk is not bought again."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import Aeforge, Home, Run
from tests.faults.fake import Fake
from tests.faults.origin import Answer

SOON = ("--poll-interval", "0.1")
GONE = Answer(410, b"gone")


@dataclass
class Shelf:
    """A folder of results, made as a list or as a build, each of another prompt; `b.png` may be made of `a.png`."""

    user: Aeforge
    fake: Fake
    home: Home

    def build(self, prompts: Mapping[str, str], *options: str, of: Mapping[str, str] | None = None) -> Run:
        """`of` says which asset is made of which other."""
        lines = [
            {"out": out, "operation": "inpaint", "image": of[out], "prompt": prompt}
            if of and out in of
            else {"out": out, "operation": "generate", "model": "nano-banana", "prompt": prompt}
            for out, prompt in prompts.items()
        ]
        (self.home.work / "list.jsonl").write_text("\n".join(map(json.dumps, lines)))
        return self.user("build", "list.jsonl", *SOON, *options)

    def listed(self, prompts: Mapping[str, str], *options: str) -> Run:
        lines = [{"output": out, "prompt": prompt} for out, prompt in prompts.items()]
        (self.home.work / "list.jsonl").write_text("\n".join(map(json.dumps, lines)))
        words = ("generate", "--model", "nano-banana", "--manifest", "list.jsonl", "--update", *SOON)
        return self.user(*words, *options)

    def files(self) -> dict[str, bytes]:
        """All files, hidden ones as well."""
        root = self.home.work
        found = {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}
        return {name: content for name, content in found.items() if name != "list.jsonl"}

    def rotate(self, *names: str) -> None:
        """Each file takes the place of the next."""
        before = self.files()
        for name, place in zip(names, (*names[1:], names[0]), strict=True):
            (self.home.work / place).write_bytes(before[name])

    def lose_links(self) -> None:
        self.fake.downloads.always(lambda _request: GONE)


@pytest.fixture
def shelf(user: Aeforge, fake: Fake, home: Home) -> Shelf:
    return Shelf(user, fake, home)


PROMPTS = {"a.png": "a fox", "b.png": "an owl"}
Made = Callable[..., Run]


@pytest.fixture(params=["build", "list"])
def made(shelf: Shelf, request: pytest.FixtureRequest) -> Made:
    return shelf.build if request.param == "build" else shelf.listed


@pytest.mark.parametrize("options", [(), ("-j", "1"), ("--overwrite",)], ids=["", "one at a time", "overwriting"])
@pytest.mark.parametrize("names", [("a.png", "b.png"), ("art/a.png", "b.png", "x/y/c.png")], ids=["two", "three"])
def test_files_that_changed_places_are_put_right(
    shelf: Shelf, made: Made, names: Sequence[str], options: tuple[str, ...]
) -> None:
    prompts = {name: f"item {name}" for name in names}
    made(prompts)
    before = shelf.files()
    shelf.rotate(*names)
    shelf.lose_links()

    run = made(prompts, "--json", *options)

    assert (run.exit, {row["action"] for row in run.rows}, len(shelf.fake.charged)) == (0, {"fetch"}, len(names))
    assert shelf.files() == before


def test_names_that_changed_places_in_the_list_are_put_right(shelf: Shelf, made: Made) -> None:
    made(PROMPTS)
    before = shelf.files()
    shelf.lose_links()

    run = made({"b.png": "a fox", "a.png": "an owl"})

    assert (run.exit, len(shelf.fake.charged)) == (0, 2)
    assert shelf.files() == {"a.png": before["b.png"], "b.png": before["a.png"]}


@pytest.mark.parametrize("options", [(), ("-j", "1")], ids=["", "one at a time"])
def test_a_result_whose_place_a_new_one_takes_is_kept_for_its_own(
    shelf: Shelf, made: Made, options: tuple[str, ...]
) -> None:
    made({"a.png": "a fox"})
    before = shelf.files()
    shelf.lose_links()
    shelf.fake.downloads.always(lambda request: GONE if f"-{0}.png" in request.path else None)

    run = made({"a.png": "a new fox", "old/a.png": "a fox"}, *options)

    assert (run.exit, len(shelf.fake.charged)) == (0, 2)
    assert shelf.files()["old/a.png"] == before["a.png"]
    assert list(shelf.files()) == ["a.png", "old/a.png"]


def test_building_only_a_part_keeps_what_the_rest_will_want(shelf: Shelf) -> None:
    names = ("art/a.png", "b.png", "x/c.png")
    prompts = {name: f"item {name}" for name in names}
    shelf.build(prompts)
    before = shelf.files()
    shelf.rotate(*names)
    shelf.lose_links()

    for name in names:
        assert shelf.build(prompts, "--only", name).exit == 0

    assert (len(shelf.fake.charged), shelf.build(prompts).exit, shelf.files()) == (3, 0, before)


def test_building_only_what_has_changed_leaves_nothing_of_what_it_was(shelf: Shelf) -> None:
    shelf.build(PROMPTS)

    run = shelf.build({**PROMPTS, "a.png": "another fox"}, "--only", "a.png")

    assert (run.exit, len(shelf.fake.charged), list(shelf.files())) == (0, 3, ["a.png", "b.png"])


def test_what_is_made_of_what_is_put_right_as_well(shelf: Shelf) -> None:
    prompts, of = {**PROMPTS, "c.png": "a bat"}, {"b.png": "a.png", "c.png": "b.png"}
    shelf.build(prompts, of=of)
    before = shelf.files()
    shelf.rotate("a.png", "b.png", "c.png")
    shelf.lose_links()

    run = shelf.build(prompts, of=of)

    assert (run.exit, len(shelf.fake.charged), shelf.files()) == (0, 3, before)


def test_two_results_of_one_job_in_one_anothers_places_are_put_right(shelf: Shelf, photo: Path) -> None:
    shelf.fake.results = 2
    words = ("split-layer", str(photo), "-k", "arm", "-o", "out/", *SOON)
    shelf.user(*words)
    before = shelf.files()
    shelf.rotate(*(name for name in before if name.startswith("out/")))
    shelf.lose_links()

    run = shelf.user(*words, "--update")

    assert (run.exit, len(shelf.fake.charged), shelf.files()) == (0, 1, before)


def test_a_result_beside_another_of_the_list_is_found(shelf: Shelf, made: Made) -> None:
    prompts = {"one/a.png": "a fox", "two/b.png": "an owl"}
    made(prompts)
    before = shelf.files()
    (shelf.home.work / "two/b.png").rename(shelf.home.work / "one/mine.png")
    shelf.lose_links()

    run = made(prompts)

    assert (run.exit, len(shelf.fake.charged)) == (0, 2)
    assert shelf.files() == {**before, "one/mine.png": before["two/b.png"]}


def test_a_file_that_nobody_knows_is_replaced_without_a_trace(shelf: Shelf, made: Made) -> None:
    made(PROMPTS)
    before = shelf.files()
    (shelf.home.work / "a.png").write_bytes(before["a.png"] + b"edited")

    run = made(PROMPTS, "--overwrite")

    assert (run.exit, len(shelf.fake.charged), shelf.files()) == (0, 2, before)


def test_what_has_changed_leaves_nothing_of_what_it_was(shelf: Shelf) -> None:
    of = {"b.png": "a.png"}
    shelf.build(PROMPTS, of=of)

    run = shelf.build({**PROMPTS, "a.png": "another fox"}, of=of)

    assert (run.exit, len(shelf.fake.charged), list(shelf.files())) == (0, 4, ["a.png", "b.png"])


def test_what_a_failed_job_will_want_stays_until_it_has_it(shelf: Shelf) -> None:
    shelf.build(PROMPTS)
    before = shelf.files()
    shelf.rotate("a.png", "b.png")
    shelf.fake.polls.always(lambda request: Answer(500, b"no") if request.path.endswith("2") else None)
    run = shelf.build(PROMPTS, "--timeout", "1")
    hidden = [name for name in shelf.files() if name.startswith(".")]
    shelf.fake.polls.always(None)
    shelf.lose_links()

    again = shelf.build(PROMPTS)

    assert (run.exit, len(hidden)) == (6, 1)
    assert (again.exit, len(shelf.fake.charged), shelf.files()) == (0, 2, before)


def test_what_another_list_has_kept_in_the_same_folder_stays(shelf: Shelf) -> None:
    shelf.build(PROMPTS)
    before = shelf.files()
    shelf.rotate("a.png", "b.png")
    shelf.fake.polls.always(lambda request: Answer(500, b"no") if request.path.endswith("2") else None)
    shelf.build(PROMPTS, "--timeout", "1")
    left = shelf.files()
    shelf.fake.polls.always(None)

    shelf.build({"c.png": "a bat"})
    shelf.lose_links()
    shelf.build({"c.png": "a bat"})

    assert {name: content for name, content in shelf.files().items() if name != "c.png"} == left
    assert (shelf.build(PROMPTS).exit, len(shelf.fake.charged)) == (0, 3)
    assert {name: content for name, content in shelf.files().items() if name != "c.png"} == before
