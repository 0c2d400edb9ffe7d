"""`aeforge build assets.toml`: what is bought for a list of assets, on the server's ledger, and what is said of it."""

import hashlib
import json
import random
import signal
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from tests.conftest import Aeforge, Home, Run, png
from tests.faults.fake import Fake
from tests.faults.origin import Answer

SOON = ("--poll-interval", "0.1")
LIST = "assets.toml"
MODELS = "gpt-image-1.5, gpt-image-2, grok-imagine, grok-imagine-pro, nano-banana, nano-banana-2, nano-banana-pro"


def toml(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)  # texts, numbers, truth and lists of texts look the same in TOML


@dataclass
class Workshop:
    """A list of assets in a folder, and a service that makes another picture for each job."""

    user: Aeforge
    fake: Fake
    home: Home
    _seen: int = 0

    def lists(self, *assets: Mapping[str, object], common: Mapping[str, object] | None = None, at: str = LIST) -> None:
        tables = [("[common]", common or {}), *(("[[asset]]", each) for each in assets)]
        lines = [line for head, table in tables for line in (head, *(f"{k} = {toml(v)}" for k, v in table.items()))]
        self.put(at, "\n".join(lines).encode())

    def put(self, name: str, content: bytes) -> None:
        path = self.home.work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def __call__(self, *args: str, **more: object) -> Run:
        return self.user("build", *args, *SOON, **more)  # type: ignore[arg-type]

    def offline(self, *args: str) -> Run:
        """Where no service can be reached, and no key is known."""
        return self.user("build", *args, env={"AEFORGE_API_KEY": None})

    def bought(self) -> list[str]:
        """The prompts that were paid for since the last time, or how large a picture was to be."""
        new, self._seen = self.fake.charged[self._seen :], len(self.fake.charged)
        return sorted(_words(dict(post.fields)) for post in new)

    def files(self) -> dict[str, bytes]:
        root = self.home.work
        return {
            str(path.relative_to(root)): path.read_bytes()
            for path in sorted(root.rglob("*.*"))
            if path.is_file() and path.suffix in (".png", ".webp")
        }

    def content(self, name: str) -> bytes:
        return (self.home.work / name).read_bytes()


def _words(fields: Mapping[str, str]) -> str:
    return next((fields[name] for name in ("prompt", "keyword", "description", "text", "scale") if name in fields), "")


@pytest.fixture
def workshop(user: Aeforge, fake: Fake, home: Home) -> Workshop:
    return Workshop(user, fake, home)


def generated(out: str, prompt: str, **more: object) -> dict[str, object]:
    return {"out": out, "operation": "generate", "model": "nano-banana", "prompt": prompt, **more}


def inpainted(out: str, image: str, prompt: str, **more: object) -> dict[str, object]:
    return {"out": out, "operation": "inpaint", "image": image, "prompt": prompt, **more}


def upscaled(out: str, image: str, **more: object) -> dict[str, object]:
    return {"out": out, "operation": "upscale", "image": image, **more}


FOX = generated("art/fox.png", "a fox")
SKY = inpainted("art/sky.png", "art/fox.png", "blue sky")
LARGE = upscaled("art/large.png", "art/sky.png", scale="4K")
OWL = generated("art/owl.png", "an owl")
CHAIN = (FOX, SKY, LARGE, OWL)


def mistakes(run: Run) -> list[str]:
    return [each["message"] for each in run.error["errors"]]


def actions(run: Run) -> dict[str, str]:
    return {row["output"]: row["action"] for row in run.rows}


def told(run: Run) -> str:
    """The sum at the end, without the time."""
    [line] = [line for line in run.stderr.splitlines() if " done" in line and line.endswith(" s")]
    return line.rpartition(";")[0]


def failed(run: Run) -> dict[str, str]:
    found = [json.loads(line)["error"] for line in run.stderr.splitlines() if line.startswith('{"error"')]
    return {error["input"]: error["code"] for error in found if error.get("input")}


# ------------------------------------------------------------------ what is made of what


def test_pictures_of_other_assets_are_made_first_whatever_their_order(workshop: Workshop, fake: Fake) -> None:
    workshop.lists(LARGE, SKY, OWL, FOX)

    run = workshop("--json")

    by_words = {_words(dict(post.fields)): post for post in fake.charged}
    shown = {words: [each.sha256 for each in post.uploads] for words, post in by_words.items()}
    digest = {name: hashlib.sha256(content).hexdigest() for name, content in workshop.files().items()}
    assert (run.exit, told(run)) == (0, "4 done; 4 submitted")
    assert shown == {"a fox": [], "an owl": [], "blue sky": [digest["art/fox.png"]], "4K": [digest["art/sky.png"]]}
    assert {row["index"]: row["files"][0]["path"] for row in run.rows} == {
        0: "art/large.png",
        1: "art/sky.png",
        2: "art/owl.png",
        3: "art/fox.png",
    }


def test_a_list_that_is_all_there_needs_no_network_and_no_key(workshop: Workshop, fake: Fake) -> None:
    workshop.lists(*CHAIN)
    workshop()
    asked = len(fake.api.requests)

    run = workshop.offline("--json")

    assert (run.exit, {row["action"] for row in run.rows}, told(run)) == (0, {"keep"}, "4 done; 4 kept")
    assert len(fake.api.requests) == asked


def test_a_job_begins_as_soon_as_what_it_needs_is_there(workshop: Workshop, fake: Fake) -> None:
    workshop.lists(OWL, FOX, SKY)
    fake.pending = 1_000_000
    running = workshop.user.start("build", *SOON)
    fake.wait_for_posts(2)
    [fox] = [job for job, post in zip(fake.jobs.values(), fake.charged, strict=True) if "a fox" in str(post.fields)]

    fox.pending = 0
    fake.wait_for_posts(3)  # while the owl is still being made
    fake.finish()

    assert running.finish().exit == 0


def test_the_longest_chain_begins_first(workshop: Workshop, fake: Fake) -> None:
    workshop.lists(OWL, generated("art/cat.png", "a cat"), FOX, SKY, LARGE)

    run = workshop("-j", "1")

    assert (run.exit, _words(dict(fake.charged[0].fields))) == (0, "a fox")


def test_json_lines_say_the_same_as_toml(workshop: Workshop) -> None:
    lines = [{"common": {"operation": "generate", "model": "nano-banana"}}, {"out": "a.png", "prompt": "a fox"}, SKY]
    workshop.put("art/fox.png", png(1))
    workshop.put("list.jsonl", "\n".join(map(json.dumps, lines)).encode())

    run = workshop("list.jsonl")

    assert (run.exit, workshop.bought()) == (0, ["a fox", "blue sky"])


def test_a_list_can_be_piped(workshop: Workshop) -> None:
    run = workshop("-", stdin=json.dumps(FOX).encode())

    assert (run.exit, workshop.bought()) == (0, ["a fox"])


def test_paths_and_prompts_are_relative_to_the_list(workshop: Workshop) -> None:
    workshop.put("game{1}/refs/a.png", png(1))
    workshop.put("game{1}/prompts/fox.txt", b"a fox\n")
    ref = {"ref": ["refs/a.png"]}
    fox = generated("art/", "@prompts/fox.txt", **ref)
    workshop.lists(fox, inpainted("b.png", "art/generate.png", "x"), at=f"game{{1}}/{LIST}")

    run = workshop("game{1}")

    assert (run.exit, workshop.bought()) == (0, ["a fox", "x"])
    assert sorted(run.stdout.split()) == ["game{1}/art/generate.png", "game{1}/b.png"]


# ------------------------------------------------------------------ what all assets share


def test_the_style_stands_before_each_prompt_unless_an_asset_has_its_own(workshop: Workshop) -> None:
    workshop.put("a.png", png(1))
    workshop.lists(
        {"out": "1.png", "prompt": "a fox"},
        {"out": "2.png", "prompt": "a fox", "style": ""},
        {"out": "3.png", "prompt": "a fox", "style": "Oil on canvas."},
        {"out": "4.png", "operation": "sprite-reskin", "image": "a.png", "prompt": "a robot", "style": "pixel"},
        {"out": "layers/", "operation": "split-layer", "image": "a.png", "keyword": "arm"},
        common={"style": "flat vector", "operation": "generate", "model": "nano-banana"},
    )

    run = workshop()

    assert (run.exit, workshop.bought()) == (
        0,
        ["Oil on canvas. a fox", "a fox", "arm", "flat vector, a fox", "flat vector, a robot"],
    )


def test_what_an_asset_says_wins_over_what_all_share(workshop: Workshop, fake: Fake) -> None:
    workshop.put("a.png", png(1))
    workshop.lists(
        {"out": "1.png", "operation": "inpaint"},
        {"out": "2.png", "operation": "inpaint", "quality": "standard"},
        {"out": "3.png", "operation": "sprite-reskin", "resolution": "2K"},
        {"out": "4.png", "operation": "upscale"},
        common={"quality": "pro", "image": "a.png", "prompt": "blue"},
    )

    run = workshop()

    asked = Counter(dict(post.fields).get("quality") or _words(dict(post.fields)) for post in fake.charged)
    assert (run.exit, asked) == (0, Counter({"pro": 1, "standard": 1, "blue": 1, "2K": 1}))


def test_rows_of_an_overlay_can_be_written_as_they_are(workshop: Workshop, fake: Fake) -> None:
    workshop.put("a.png", png(1))
    row = '{row = 0, title = "walk", description = "walks"}'
    text = f'[[asset]]\nout = "x/"\noperation = "sprite-overlay"\nimage = "a.png"\ncharacter = "a.png"\nrows = [{row}]'
    workshop.put(LIST, text.encode())

    run = workshop()

    assert (run.exit, json.loads(dict(fake.charged[0].fields)["rows"])[0]["title"]) == (0, "walk")


# ------------------------------------------------------------------ several results


def test_one_of_several_results_can_be_a_picture(workshop: Workshop, fake: Fake) -> None:
    workshop.put("a.png", png(1))
    fake.results = 3
    workshop.lists(
        {"out": "layers/{stem}-{n}.{ext}", "operation": "split-layer", "image": "a.png", "keyword": "arm"},
        {"out": "sky/{n}.{ext}", "operation": "split-layer", "image": "layers/a-2.png", "keyword": "sky"},
    )

    run = workshop("--json")

    digest = hashlib.sha256(workshop.content("layers/a-2.png")).hexdigest()
    assert (run.exit, workshop.bought(), fake.charged[1].uploads[0].sha256) == (0, ["arm", "sky"], digest)
    assert (workshop.offline().exit, len(fake.charged)) == (0, 2)


def test_a_result_that_was_not_made_is_told_before_anything_is_bought_once_that_is_known(workshop: Workshop) -> None:
    workshop.put("a.png", png(1))
    workshop.fake.results = 2
    layers = {"out": "layers/{n}.{ext}", "operation": "split-layer", "image": "a.png", "keyword": "arm"}
    workshop.lists(layers, inpainted("x.png", "layers/7.png", "x"))

    first = workshop("--json")
    again = workshop("--json")

    assert (first.exit, failed(first), workshop.bought()) == (6, {"x.png": "file_not_found"}, ["arm"])
    assert (again.ending, mistakes(again)) == (
        (2, "file_not_found"),
        [f"{LIST}:10: x.png: layers/7.png is not among the results of layers/{{n}}.{{ext}}"],
    )


# ------------------------------------------------------------------ mistakes, all at once


def test_all_mistakes_are_told_at_once_with_asset_and_line(workshop: Workshop, fake: Fake) -> None:
    workshop.put("notes.png", b"no picture")
    workshop.put(
        LIST,
        b"""[common]
modle = "nano-banana"
[[asset]]
out = "a.png"
operation = "generate"
model = "gpt-image-9"
prompt = "x"
[[asset]]
out = "A.png"
operation = "inpaint"
image = "missing.png"
prompt = ""
[[asset]]
out = "c.png"
operation = "upscale"
image = "notes.png"
quality = "pro"
[[asset]]
out = "d.png"
operation = "effect"
prompt = "smoke"
frames = 5
[[asset]]
operation = "inpain"
[[asset]]
out = "e.png"
operation = "upscale"
image = "f.png"
[[asset]]
out = "f.png"
operation = "upscale"
image = "e.png"
""",
    )

    run = workshop("--json")
    for_people = workshop()

    assert (run.exit, fake.api.requests) == (2, [])
    assert mistakes(run) == [
        f"{LIST}:2: common: 'modle' is not a known key (did you mean 'model'?)",
        f"{LIST}:6: a.png: model: 'gpt-image-9' is not a valid model: choose one of {MODELS}",
        f"{LIST}:9: A.png: A.png is what line 4 (a.png) makes as well",
        f"{LIST}:11: A.png: missing.png does not exist, and no asset makes it",
        f"{LIST}:12: A.png: The prompt is empty: say what you want, for example: -p 'Change background to blue sky'",
        f"{LIST}:16: c.png: notes.png is not a picture: its format is not known",
        f"{LIST}:17: c.png: 'quality' is not a known key; upscale knows out, image, scale",
        f"{LIST}:22: d.png: 5 frames cannot be made: choose one of 4, 9, 16",
        f"{LIST}:23: asset 5: has no out: the file that it is to be",
        f"{LIST}:24: asset 5: 'inpain' is not an operation (did you mean 'inpaint'?)",
        f"{LIST}:25: e.png: needs f.png, which needs e.png: none of them can be first",
    ]
    assert [message for message in mistakes(run) if message not in for_people.stderr] == []
    assert for_people.stderr.splitlines()[-2] == "why:   11 mistakes; nothing was sent"


@pytest.mark.parametrize(
    ("asset", "message"),
    [
        (upscaled("b.png", "art/fxo.png"), "no asset makes it (did you mean art/fox.png?)"),
        (upscaled("b.png", "Art/fox.png"), "Art/fox.png is the same as art/fox.png on some systems"),
        (upscaled("b.png", "b.png"), "needs b.png: none of them can be first"),
        (upscaled("b.png", "-"), "image: a list of assets reads no standard input"),
        (upscaled("{x}.png", "art/fox.png"), "The output template does not know {x}"),
        ({**upscaled("b.png", ""), "image": ["art/fox.png"] * 2}, "image must name one picture"),
        ({"out": "b.png", "operation": "upscale"}, "has no image"),
        ({"out": "b.png", "operation": "inpaint", "image": "art/fox.png"}, "has no prompt"),
        ({"out": "b.png", "operation": "generate", "prompt": "x"}, "There is no model"),
        ({"out": "b.png", "operation": "generate", "prompt": ["x"], "model": "nano-banana"}, "prompt must be text"),
        (generated("b.png", "@no.txt"), "no.txt cannot be read as a prompt"),
        (generated("b.png", "x", ref="art"), "art is a folder"),
        (generated("/dev/stdout", "x"), "out must be a file"),
        (generated("full.png", "x"), "full.png/{stem}"),
    ],
)
def test_a_mistake_is_found_before_anything_is_sent(
    workshop: Workshop, fake: Fake, asset: dict[str, object], message: str
) -> None:
    (workshop.home.work / "art").mkdir()
    (workshop.home.work / "full.png/generate.png").mkdir(parents=True)
    workshop.lists(FOX, asset)

    run = workshop("--json")

    [found] = mistakes(run)
    assert (run.exit, fake.api.requests) == (2, [])
    assert message in found or (message == "full.png/{stem}" and "full.png/generate.png is a folder" in found)


def test_without_a_list_nothing_is_built(workshop: Workshop) -> None:
    alone, missing = workshop("--json"), workshop("other.toml", "--json")

    assert [alone.ending, missing.ending] == [(2, "usage")] * 2
    assert "aeforge build --init" in alone.error["hint"]


# ------------------------------------------------------------------ options


def test_only_some_assets_and_what_they_need_are_built(workshop: Workshop) -> None:
    workshop.lists(*CHAIN, upscaled("other.png", "not-there-yet.png"))

    some, none = workshop("--only", "art/s*", "--only", "art/owl.png"), workshop("--only", "x*", "--json")

    assert (some.exit, workshop.bought(), none.ending) == (0, ["a fox", "an owl", "blue sky"], (2, "usage"))


def test_a_dry_run_says_what_each_asset_needs_and_sends_nothing(workshop: Workshop, fake: Fake) -> None:
    workshop.lists(*CHAIN)
    workshop()
    (workshop.home.work / "art/owl.png").unlink()
    workshop.lists(FOX, {**SKY, "prompt": "red sky"}, LARGE, OWL)
    asked = len(fake.api.requests)

    run = workshop.offline("--dry-run")

    assert actions(run) == {"art/fox.png": "keep", "art/sky.png": "buy", "art/large.png": "buy", "art/owl.png": "fetch"}
    assert ("1 kept, 1 to fetch free, 2 to buy" in run.stderr, len(fake.api.requests)) == (True, asked)


def test_assets_that_are_the_same_work_count_as_one_purchase(workshop: Workshop, fake: Fake) -> None:
    twin, other = {**FOX, "out": "art/twin.png"}, generated("art/cat.png", "a cat")
    skies = [
        inpainted(f"art/{n}.png", image, "blue sky") for n, image in enumerate([*["art/fox.png"] * 2, "art/cat.png"])
    ]
    workshop.lists(FOX, twin, other, *skies)

    dry, run = workshop("--dry-run"), workshop("--max-jobs", "4")

    assert sorted(actions(dry).items()) == [
        ("art/0.png", "buy"),
        ("art/1.png", "fetch"),
        ("art/2.png", "buy"),
        ("art/cat.png", "buy"),
        ("art/fox.png", "buy"),
        ("art/twin.png", "fetch"),
    ]
    assert (run.exit, workshop.bought()) == (0, ["a cat", "a fox", "blue sky", "blue sky"])


def test_no_more_is_bought_than_allowed(workshop: Workshop, fake: Fake) -> None:
    workshop.lists(*CHAIN)
    workshop("--only", "art/fox.png")

    run = workshop("--max-jobs", "2", "--json")

    assert (run.ending, len(fake.charged)) == ((7, "limit_reached"), 1)
    assert (workshop("--max-jobs", "3").exit, len(fake.charged)) == (0, 4)


def test_a_budget_ends_the_build_and_blocks_what_comes_after(workshop: Workshop, fake: Fake) -> None:
    workshop.lists(FOX, SKY, LARGE)

    run = workshop("--budget", "1/day", "--json")

    assert (run.exit, workshop.bought()) == (6, ["a fox"])


def test_what_was_built_is_recorded_and_reported(workshop: Workshop) -> None:
    workshop.lists(*CHAIN)

    run = workshop("--record", "record.jsonl", "--report", "report.html")

    record = [json.loads(line) for line in workshop.content("record.jsonl").splitlines()]
    assert run.exit == 0
    assert [(line["path"], line["operation"]) for line in record] == [
        ("art/fox.png", "generate"),
        ("art/large.png", "upscale"),
        ("art/owl.png", "generate"),
        ("art/sky.png", "inpaint"),
    ]
    assert [each["input"] for each in record[3]["inputs"]] == ["art/fox.png"]
    page = workshop.content("report.html").decode()
    assert all(str(asset["out"]) in page for asset in CHAIN)


def test_an_example_is_written_once_and_its_list_makes_sense(workshop: Workshop) -> None:
    first, again = workshop("--init"), workshop("--init", "--json")
    other = workshop("--init", "other.toml")

    dry = workshop("--dry-run")

    assert (first.exit, first.stdout, again.ending) == (0, f"{LIST}\n", (9, "output_exists"))
    assert (other.exit, dry.exit, set(actions(dry).values())) == (0, 0, {"buy"})


# ------------------------------------------------------------------ failures


def test_what_needs_a_failed_asset_is_blocked_and_not_sent(workshop: Workshop, fake: Fake) -> None:
    workshop.lists(*CHAIN)
    fake.submissions.always(lambda request: problem(422) if b"blue sky" in request.body else None)

    run = workshop("--json")
    people = workshop()

    assert (run.exit, failed(run), workshop.bought()) == (
        6,
        {"art/sky.png": "rejected", "art/large.png": "blocked"},
        ["a fox", "an owl"],
    )
    assert told(run) == "2 done, 2 failed (rejected 1, blocked 1); 2 submitted"
    assert "art/large.png: art/large.png was not submitted: it needs art/sky.png, which failed" in people.stderr
    assert people.stderr.splitlines()[-1] == f"next:  aeforge build {' '.join(SOON)}"


def problem(status: int) -> Answer:
    return Answer(status, b'{"detail": "no"}', {"Content-Type": "application/json"})


def test_after_a_failure_the_same_command_buys_the_rest(workshop: Workshop, fake: Fake) -> None:
    workshop.lists(*CHAIN)
    fake.outcome = "Failed"
    workshop("--only", "art/sky.png")
    fake.outcome = "Succeed"
    workshop.bought()

    run = workshop()

    assert (run.exit, workshop.bought()) == (0, sorted(["4K", "a fox", "an owl", "blue sky"]))


def test_what_was_submitted_without_an_answer_is_bought_again_only_when_asked(workshop: Workshop, fake: Fake) -> None:
    workshop.lists(FOX, SKY)
    lost = Answer(cut=0)
    fake.submissions.says(lost)
    first = workshop("--json")
    again = workshop("--json")
    before = len(fake.posts())

    anew = workshop("--new")

    assert [failed(run)["art/fox.png"] for run in (first, again)] == ["submit_unknown"] * 2
    assert (before, anew.exit, len(fake.posts())) == (1, 0, 3)


def test_a_result_that_is_gone_before_it_was_here_is_bought_again_only_when_asked(
    workshop: Workshop, fake: Fake
) -> None:
    workshop.lists(FOX, SKY, OWL)
    gone: set[str] = set()
    fake.downloads.always(lambda request: Answer(410) if "000001-" in request.path or request.path in gone else None)
    workshop("-j", "1")
    gone.update(fake.images)
    again = workshop("--json")
    before = len(fake.charged)

    anew = workshop("--new", "--json")

    assert (failed(again)["art/fox.png"], before) == ("result_unavailable", 2)
    hints = [json.loads(line)["error"]["hint"] for line in again.stderr.splitlines() if line.startswith('{"error"')]
    assert any(hint.endswith("to submit it again instead, add --new to the command") for hint in hints)
    assert (anew.exit, told(anew), len(fake.charged)) == (0, "3 done; 1 kept, 2 submitted", 4)
    assert workshop.offline().exit == 0


# ------------------------------------------------------------------ changes: what is bought, on the server's ledger


def test_a_changed_prompt_buys_that_asset_and_what_is_made_of_it(workshop: Workshop) -> None:
    workshop.lists(*CHAIN)
    workshop()
    before, _ = workshop.files(), workshop.bought()
    workshop.lists(FOX, {**SKY, "prompt": "red sky"}, LARGE, OWL)

    run = workshop()
    changed = {name for name, content in workshop.files().items() if before[name] != content}

    assert (run.exit, workshop.bought(), changed) == (0, ["4K", "red sky"], {"art/sky.png", "art/large.png"})

    workshop.lists(*CHAIN)
    back = workshop("--json")

    assert (back.exit, workshop.bought(), workshop.files()) == (0, [], before)
    assert Counter(row["action"] for row in back.rows) == Counter(keep=2, fetch=2)


def test_a_changed_reference_buys_all_that_goes_by_it(workshop: Workshop) -> None:
    workshop.put("ref.png", png(1))
    many = [generated(f"art/{n}.png", f"item {n}", ref="ref.png") for n in range(7)]
    workshop.lists(*many, upscaled("art/large.png", "art/3.png"), OWL)
    workshop()
    before, _ = workshop.files(), workshop.bought()
    workshop.put("ref.png", png(2))

    run = workshop()

    assert (run.exit, workshop.bought()) == (0, sorted([*(f"item {n}" for n in range(7)), "2K"]))

    workshop.put("ref.png", png(1))

    assert (workshop().exit, workshop.bought(), workshop.files()) == (0, [], before)


def test_an_asset_made_anew_as_it_was_changes_nothing_after_it(workshop: Workshop, fake: Fake) -> None:
    same = png(77, side=8)
    fake.submissions.always(lambda request: fake.accepts(fake.add_job(same)) if b"fox" in request.body else None)
    workshop.lists(*CHAIN)
    workshop()
    workshop.bought()
    workshop.lists({**FOX, "prompt": "another fox"}, *CHAIN[1:])

    run = workshop()

    assert (run.exit, workshop.bought(), told(run)) == (0, ["another fox"], "4 done; 3 kept, 1 submitted")


def test_a_file_edited_by_hand_is_left_alone(workshop: Workshop, fake: Fake) -> None:
    workshop.lists(*CHAIN)
    workshop()
    workshop.put("art/sky.png", png(99))
    bought = len(fake.charged)

    run, dry = workshop("--json"), workshop("--dry-run", "--json")

    assert (run.exit, failed(run)) == (6, {"art/sky.png": "output_exists", "art/large.png": "blocked"})
    assert (workshop.content("art/sky.png"), len(fake.charged)) == (png(99), bought)
    assert Counter(actions(dry).values()) == Counter(keep=2, refuse=2)
    assert (workshop("--overwrite").exit, len(fake.charged)) == (0, bought)
    assert workshop.content("art/sky.png") != png(99)


def test_a_file_that_is_gone_is_fetched_and_what_is_made_of_it_is_kept(workshop: Workshop) -> None:
    workshop.lists(*CHAIN)
    workshop()
    before, _ = workshop.files(), workshop.bought()
    (workshop.home.work / "art/fox.png").unlink()

    run = workshop("--json")

    assert (run.exit, workshop.bought(), workshop.files()) == (0, [], before)
    assert Counter(row["action"] for row in run.rows) == Counter(keep=3, fetch=1)


def test_a_renamed_file_is_made_again_under_its_name_and_stays(workshop: Workshop) -> None:
    workshop.lists(*CHAIN)
    workshop()
    before, _ = workshop.files(), workshop.bought()
    (workshop.home.work / "art/sky.png").rename(workshop.home.work / "art/mine.png")

    run = workshop()

    assert (run.exit, workshop.bought()) == (0, [])
    assert workshop.files() == {**before, "art/mine.png": before["art/sky.png"]}


def test_a_converted_file_is_one_that_nobody_knows(workshop: Workshop, pictures: Mapping[str, bytes]) -> None:
    workshop.lists(FOX, OWL)
    workshop()
    workshop.bought()
    workshop.put("art/owl.png", pictures["webp"])

    run = workshop("--json")

    assert (run.exit, failed(run), workshop.bought()) == (6, {"art/owl.png": "output_exists"}, [])
    assert workshop.content("art/owl.png") == pictures["webp"]


def test_a_file_of_the_list_put_into_another_place_is_not_bought_again(workshop: Workshop) -> None:
    workshop.lists(*CHAIN)
    workshop()
    workshop.bought()
    workshop.lists({**FOX, "out": "new/fox.png"}, {**SKY, "image": "new/fox.png"}, LARGE, OWL)

    run = workshop("--json")

    assert (run.exit, workshop.bought()) == (0, [])
    assert Counter(row["action"] for row in run.rows) == Counter(keep=3, fetch=1)


# ------------------------------------------------------------------ ends before its time


def sixty() -> list[dict[str, object]]:
    roots = [generated(f"art/{n}.png", f"item {n}", ref="ref.png") for n in range(20)]
    skies = [inpainted(f"sky/{n}.png", f"art/{n}.png", f"sky {n}") for n in range(20)]
    large = [upscaled(f"large/{n}.png", f"sky/{n}.png") for n in range(20)]
    return [asset for chain in zip(large, skies, roots, strict=True) for asset in chain]


@pytest.mark.parametrize("seed", range(3))
def test_killed_at_random_and_run_again_everything_is_bought_once(workshop: Workshop, fake: Fake, seed: int) -> None:
    chance = random.Random(seed)
    workshop.put("ref.png", png(1))
    workshop.lists(*sixty())
    fake.submissions.always(lambda _request: None)
    fake.pending = 2
    for posts in sorted(chance.sample(range(1, 50), 3)):
        running = workshop.user.start("build", *SOON, "--yes", "-j", "8")
        # A submission without an answer holds up what depends on it, so that a run may end before so many.
        while running.process.poll() is None and len(fake.posts()) < posts:
            time.sleep(0.01)
        time.sleep(chance.uniform(0, 0.3))
        running.send(signal.SIGKILL)
        running.finish()

    run = workshop("--yes", "--json", "-j", "8")

    unheard = {name for name, code in failed(run).items() if code == "submit_unknown"}
    lost = set(failed(run))
    assert (run.exit, fake.bought_twice) == (6 if unheard else 0, [])
    assert all(code in ("submit_unknown", "blocked") for code in failed(run).values())
    assert len([name for name in workshop.files() if name != "ref.png"]) == 60 - len(lost)
    assert unheard or len(fake.charged) == 60
    bought = len(fake.charged)
    assert (workshop.offline().exit == 0 or bool(unheard), len(fake.charged)) == (True, bought)


def test_interrupted_it_says_how_to_go_on_and_goes_on(workshop: Workshop, fake: Fake) -> None:
    workshop.lists(*CHAIN)
    fake.pending = 1_000_000
    running = workshop.user.start("build", *SOON)
    fake.wait_for_looks(4)
    running.send(signal.SIGINT)
    stopped = running.finish()
    fake.finish()

    run = workshop()

    assert (stopped.exit, stopped.stderr.splitlines()[-1]) == (130, f"next:  aeforge build {' '.join(SOON)}")
    assert (run.exit, workshop.bought()) == (0, sorted(["4K", "a fox", "an owl", "blue sky"]))


def test_two_builds_at_once_buy_each_asset_once(workshop: Workshop, fake: Fake) -> None:
    workshop.lists(*CHAIN)
    fake.pending = 3
    crowd = [workshop.user.start("build", *SOON) for _ in range(2)]

    ends = [running.finish() for running in crowd]

    assert ([run.exit for run in ends], fake.bought_twice, len(fake.charged)) == ([0, 0], [], 4)


def test_a_mistake_without_a_hint_of_its_own_says_which_file_to_correct(workshop: Workshop) -> None:
    workshop.lists(FOX | {"impossible": 1})

    run = workshop()

    assert run.exit == 2
    assert f"next:  correct {LIST}, then run the command again" in run.stderr.splitlines()
