"""`--resume` and `--update`, judged by content: what is bought on the server's ledger, and what stands on disk then."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest

from tests.conftest import Aeforge, Home, Run, png
from tests.faults.fake import Fake
from tests.faults.origin import Answer

BY_HAND = png(999)
SOON = ("--poll-interval", "0.1")


@dataclass
class Folder:
    """Pictures in a folder, and a service that makes another picture for each job."""

    user: Aeforge
    fake: Fake
    home: Home

    def put(self, name: str, content: bytes) -> None:
        path = self.home.work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def split(self, keyword: str, *options: str, output: str = "out/") -> Run:
        return self.user("split-layer", "a.png", "-k", keyword, "-o", output, *options, *SOON)

    def files(self, under: str = "out") -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in sorted((self.home.work / under).iterdir())}

    def bought(self) -> int:
        return len(self.fake.charged)


@pytest.fixture
def folder(user: Aeforge, fake: Fake, home: Home) -> Folder:
    made = Folder(user, fake, home)
    made.put("a.png", png(1))
    return made


# ------------------------------------------------------------------ several results of a job


@pytest.mark.parametrize("name", ["a-1.png", "a-2.png", "a-3.png", "a-4.png", "a.png"])
@pytest.mark.parametrize("option", ["--update", "--resume"])
def test_one_result_edited_by_hand_keeps_all_of_them_when_the_words_change(
    folder: Folder, name: str, option: str
) -> None:
    folder.fake.results = 3
    folder.split("arm")
    folder.put(f"out/{name}", BY_HAND)
    before, bought = folder.files(), folder.bought()

    run = folder.split("leg", option, "--json")

    assert (run.ending, folder.bought(), folder.files()) == ((9, "output_exists"), bought, before)


def test_a_file_put_among_the_results_while_they_are_made_stays(folder: Folder) -> None:
    folder.fake.results = 3
    folder.split("arm")
    before = folder.files()
    folder.fake.pending = 1_000_000
    running = folder.user.start("split-layer", "a.png", "-k", "leg", "-o", "out/", "--update", *SOON)
    folder.fake.wait_for_looks(2)
    folder.put("out/a-2.png", BY_HAND)
    folder.fake.finish()

    run = running.finish()

    after = folder.files()
    assert (run.exit, after["a-2.png"]) == (0, BY_HAND)
    assert (len(after), after["a-1.png"] != before["a-1.png"], after["a-3.png"] != before["a-3.png"]) == (4, True, True)


@pytest.mark.parametrize("gone", [(), (1,), (1, 3)], ids=["all there", "first deleted", "two deleted"])
def test_results_of_other_words_are_all_replaced_when_updating_and_left_alone_when_resuming(
    folder: Folder, gone: tuple[int, ...]
) -> None:
    folder.fake.results = 3
    folder.split("arm")
    for number in gone:
        (folder.home.work / f"out/a-{number}.png").unlink()
    before = folder.files()

    resumed = folder.split("leg", "--resume", "--json")

    assert (resumed.ending, folder.files(), folder.bought()) == ((9, "output_exists"), before, 1)
    assert "--update" in resumed.error["hint"]

    updated = folder.split("leg", "--update", "--json")

    assert (updated.exit, folder.bought(), sorted(folder.files())) == (0, 2, ["a-1.png", "a-2.png", "a-3.png"])
    assert not set(folder.files().values()) & set(before.values())


def test_two_results_of_one_job_that_were_swapped_are_fetched_to_their_places(folder: Folder) -> None:
    folder.fake.results = 2
    folder.split("arm")
    before = folder.files()
    folder.put("out/a-1.png", before["a-2.png"])
    folder.put("out/a-2.png", before["a-1.png"])

    resumed, updated = folder.split("arm", "--resume", "--json"), folder.split("arm", "--update", "--json")

    assert resumed.ending == (9, "output_exists")
    assert (updated.exit, updated.rows[0]["action"], folder.bought(), folder.files()) == (0, "fetch", 1, before)


def test_without_an_option_a_result_of_any_number_refuses_before_anything_is_sent(folder: Folder) -> None:
    folder.fake.results = 3
    folder.split("arm")
    (folder.home.work / "out/a-1.png").unlink()
    before = folder.files()

    run = folder.split("leg", "--json")

    assert (run.ending, folder.bought(), folder.files()) == ((9, "output_exists"), 1, before)


def test_a_result_in_another_format_is_replaced_too(folder: Folder, pictures: Mapping[str, bytes]) -> None:
    folder.fake.downloads.says(Answer(body=pictures["gif"]))
    first = folder.split("arm")
    assert list(folder.files()) == ["a.gif"]

    resumed = folder.split("leg", "--resume", "--json")
    folder.fake.downloads.says(Answer(body=pictures["gif"] + b"\0"))
    updated = folder.split("leg", "--update", "--json")

    assert (first.exit, resumed.ending, updated.exit) == (0, (9, "output_exists"), 0)
    assert folder.files() == {"a.gif": pictures["gif"] + b"\0"}


def test_a_picture_of_another_format_that_no_job_made_is_in_nobodys_way(
    folder: Folder, pictures: Mapping[str, bytes]
) -> None:
    folder.put("out/a.webp", pictures["webp"])

    run = folder.split("arm", "--update")

    assert (run.exit, sorted(folder.files())) == (0, ["a.png", "a.webp"])


@pytest.mark.parametrize("options", [(), ("--resume",), ("--update",)], ids=["", "resuming", "updating"])
def test_the_same_job_named_twice_counts_as_one_purchase(folder: Folder, options: tuple[str, ...]) -> None:
    lines = [{"image": "a.png", "prompt": prompt, "output": f"out/{n}.png"} for n, prompt in enumerate("xxy")]
    folder.put("jobs.jsonl", "\n".join(map(json.dumps, lines)).encode())
    words = ("inpaint", "--manifest", "jobs.jsonl", *options, *SOON)

    dry = folder.user(*words, "--dry-run")
    refused = folder.user(*words, "--max-jobs", "1", "--json")
    run = folder.user(*words, "--max-jobs", "2")

    assert [row["action"] for row in dry.rows] == ["buy", "fetch", "buy"]
    assert "1 to fetch free, 2 to buy" in dry.stderr
    assert (refused.ending, run.exit, folder.bought(), len(folder.files())) == ((7, "limit_reached"), 0, 2, 3)


# ------------------------------------------------------------------ what is in the way


def edited(folder: Folder, *, several: bool = True) -> tuple[str, ...]:
    """A folder of pictures of which one result was edited by hand; the command that made them."""
    for number in range(3 if several else 1):
        folder.put(f"in/{number}.png", png(number + 10))
    command = ("inpaint", "in", "-p", "x", "-o", "out/", *SOON)
    assert folder.user(*command).exit == 0
    folder.put("out/0.png", BY_HAND)
    return command


@pytest.mark.parametrize(("several", "ending"), [(True, (6, "partial")), (False, (9, "output_exists"))])
@pytest.mark.parametrize("option", ["--update", "--resume"])
def test_a_file_in_the_way_is_told_without_a_key_when_nothing_else_is_to_do(
    folder: Folder, option: str, *, several: bool, ending: tuple[int, str]
) -> None:
    command = edited(folder, several=several)
    asked = len(folder.fake.api.requests)

    run = folder.user(*command, option, "--json", env={"AEFORGE_API_KEY": None})

    assert (run.ending, len(run.rows), len(folder.fake.api.requests)) == (ending, 2 if several else 0, asked)


def test_where_only_files_are_in_the_way_the_last_line_says_what_to_do_about_them(folder: Folder) -> None:
    command = edited(folder)
    by_hand = folder.user(*command, "--update", "--json")
    folder.put("in/0.png", png(77))
    folder.user(*command, "--update", "--overwrite")
    folder.put("in/0.png", png(78))
    stale = folder.user(*command, "--resume", "--json")

    assert "--overwrite" in by_hand.error["hint"]
    assert "--update" in stale.error["hint"]


# ------------------------------------------------------------------ results that the service has no more


def test_a_renamed_result_beside_its_place_is_copied_when_its_link_is_gone_for_good(folder: Folder) -> None:
    folder.split("arm", output="out/arm.png")
    before = folder.files()
    (folder.home.work / "out/arm.png").rename(folder.home.work / "out/mine.png")
    folder.fake.downloads.always(lambda _request: Answer(403, b"gone"))

    run = folder.split("arm", "--update", output="out/arm.png")

    assert (run.exit, folder.bought(), set(folder.files().values())) == (0, 1, set(before.values()))
    assert sorted(folder.files()) == ["arm.png", "mine.png"]


def test_a_hint_to_fetch_a_result_again_can_be_pasted(folder: Folder) -> None:
    folder.fake.downloads.always(lambda _request: Answer(403, b"gone"))

    run = folder.split("arm", "--json", output="out/arm.png")

    assert run.error["hint"] == f"aeforge job wait {run.error['job_id']} -o out/arm.png"


# ------------------------------------------------------------------ pictures from the web


@dataclass
class Gallery:
    """Pictures at addresses, which a list names."""

    folder: Folder
    addresses: list[str]

    def run(self, *options: str) -> Run:
        (self.folder.home.work / "list.txt").write_text("".join(f"{each}\n" for each in self.addresses))
        return self.folder.user("inpaint", "--from", "list.txt", "-p", "x", "-o", "out/", "--json", *options, *SOON)

    def becomes(self, which: int, content: bytes) -> None:
        fake = self.folder.fake
        fake.images[urlsplit(self.addresses[which]).path] = content


@pytest.fixture
def gallery(folder: Folder) -> Gallery:
    jobs = [folder.fake.add_job(png(50 + number)) for number in range(3)]
    return Gallery(folder, [folder.fake.jobs[job].images[0] for job in jobs])


def test_a_picture_at_an_address_is_planned_by_what_it_is(gallery: Gallery) -> None:
    gallery.run()
    gallery.becomes(1, png(77))

    plan = gallery.run("--update", "--dry-run")
    run = gallery.run("--update", "--max-jobs", "1")

    assert [row["action"] for row in plan.rows] == ["keep", "buy", "keep"]
    assert "2 kept, 1 to buy" in plan.stderr
    assert (run.exit, gallery.folder.bought()) == (0, 4)
    assert gallery.run("--update").exit == 0


def test_an_address_that_cannot_be_fetched_refuses_its_job_alone(gallery: Gallery) -> None:
    gallery.run()
    gallery.addresses[0] = gallery.addresses[0].replace("/images/", "/gone/")

    plan = gallery.run("--update", "--dry-run")
    run = gallery.run("--update")

    assert [row["action"] for row in plan.rows] == ["refuse", "keep", "keep"]
    assert (run.exit, gallery.folder.bought()) == (6, 3)
    assert "cannot be fetched" in run.stderr


def test_a_picture_that_comes_by_standard_input_is_planned_by_what_it_is(folder: Folder) -> None:
    words = ("inpaint", "-", "-p", "x", "-o", "a.png", "--update", "--json", *SOON)
    folder.user(*words, "--overwrite", stdin=png(5))

    assert folder.user(*words, "--dry-run", stdin=png(5)).rows[0]["action"] == "keep"
    assert folder.user(*words, "--dry-run", stdin=png(6)).rows[0]["action"] == "buy"


def test_an_asset_made_of_an_address_is_kept_until_its_picture_changes(gallery: Gallery) -> None:
    asset = {"out": "fox.png", "operation": "inpaint", "image": gallery.addresses[0], "prompt": "x"}
    gallery.folder.put("assets.jsonl", json.dumps(asset).encode())
    build = ("build", "assets.jsonl", "--json")
    gallery.folder.user(*build)

    kept = gallery.folder.user(*build, env={"AEFORGE_API_KEY": None})
    gallery.becomes(0, png(78))
    changed = gallery.folder.user(*build, "--dry-run")

    assert (kept.exit, kept.rows[0]["action"], gallery.folder.bought()) == (0, "keep", 1)
    assert changed.rows[0]["action"] == "buy"
