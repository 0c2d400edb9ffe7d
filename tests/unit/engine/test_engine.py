"""The engine from outside: prompts and pictures in, pictures or refusals out."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from aeforge_cli.sandbox.engine import Instruction, Quality, Refused, edit_bytes, engine_names, load_engine

if TYPE_CHECKING:
    from aeforge_cli.sandbox.engine.arrays.dtypes import FloatArray

ASTRONAUT = Path(__file__).parents[2] / "photos" / "astronaut.jpg"
FACE = (145, 65, 178, 108)


def edited(prompt: str, picture: Image.Image | None = None, quality: Quality = "standard") -> Image.Image:
    if picture is None:
        return edited_photograph(prompt, quality).copy()
    return load_engine("local").edit(picture, Instruction(prompt, quality), lambda _: None)


@cache
def edited_photograph(prompt: str, quality: Quality) -> Image.Image:
    return edited(prompt, photograph(), quality)


def part(picture: Image.Image, box: tuple[int, int, int, int]) -> FloatArray:
    return np.asarray(picture.convert("RGB").crop(box), np.float32)


def photograph() -> Image.Image:
    return Image.open(ASTRONAUT).convert("RGB")


def test_the_background_becomes_a_blue_sky_and_the_person_stays() -> None:
    sky = edited("Change background to blue sky")

    corner = part(sky, (400, 20, 480, 120)).mean(axis=(0, 1))
    assert corner[2] > corner[0] + 60
    assert np.abs(part(sky, FACE) - part(photograph(), FACE)).mean() < 12
    assert (sky.size, sky.mode) == ((486, 486), "RGB")


def test_behind_a_portrait_all_of_the_background_changes_though_a_wall_is_as_blue_as_a_sky() -> None:
    cut_out = edited("remove the background")
    room = Image.new("RGB", cut_out.size, (90, 60, 40))
    room.paste((120, 170, 230), (0, 0, room.width, room.height // 2))
    room.paste(cut_out, mask=cut_out)
    floor = (476, 250, 486, 290)

    assert np.abs(part(edited("change the sky to a sunset", room), floor) - part(room, floor)).max() <= 4
    assert np.abs(part(edited("change the background to a sunset", room), floor) - part(room, floor)).mean() > 20


def test_the_object_in_the_upper_right_corner_goes_and_nothing_else_does() -> None:
    without = edited("Remove object in upper right corner")

    shuttle, rest = (320, 60, 390, 220), (0, 0, 250, 486)
    assert part(without, shuttle).std() < part(photograph(), shuttle).std() / 2
    np.testing.assert_array_equal(part(without, rest), part(photograph(), rest))


def test_without_a_background_the_cut_out_is_transparent_around_the_person() -> None:
    cut_out = edited("remove the background")

    alpha = np.asarray(cut_out.getchannel("A"))
    assert alpha[20:120, 400:480].max() == 0
    assert alpha[65:108, 145:178].min() == 255


def test_better_quality_is_another_matte() -> None:
    standard = np.asarray(edited("remove the background").getchannel("A"))
    pro = np.asarray(edited("remove the background", quality="pro").getchannel("A"))

    assert (standard != pro).any()
    assert np.abs(standard.astype(int) - pro).mean() < 8


def test_edits_follow_each_other() -> None:
    both = edited("make the background white and make it black and white")

    assert part(both, (400, 20, 480, 120)).min() > 250
    assert np.ptp(part(both, FACE), axis=2).max() == 0


def test_a_tone_of_the_background_leaves_the_subject_alone() -> None:
    darker = edited("make the background much darker")

    assert part(darker, (400, 0, 480, 40)).mean() < part(photograph(), (400, 0, 480, 40)).mean() - 40
    assert np.abs(part(darker, FACE) - part(photograph(), FACE)).max() <= 1


@pytest.mark.parametrize(
    ("prompt", "reason"),
    [("replace the sky with a sunset", "shows no sky"), ("remove the dog", 'does not know what "dog" means')],
)
def test_what_it_cannot_do_it_refuses(prompt: str, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        edited(prompt)


def test_where_nothing_stands_out_nothing_is_removed() -> None:
    with pytest.raises(Refused, match="no single object"):
        edited("remove the object in the lower third", Image.new("RGB", (64, 64), (90, 120, 90)))


def test_a_cut_out_is_put_before_the_new_background_by_its_own_transparency() -> None:
    cut_out = Image.new("RGBA", (40, 40), (200, 40, 40, 0))
    cut_out.paste((200, 40, 40, 255), (10, 10, 30, 30))

    before_white = edited("white background", cut_out)

    assert before_white.mode == "RGB"
    assert before_white.getpixel((2, 2)) == (255, 255, 255)
    np.testing.assert_allclose(part(before_white, (15, 15, 25, 25)).mean(axis=(0, 1)), (200, 40, 40), atol=12)


def test_transparency_outlasts_an_edit_of_the_colours() -> None:
    half = Image.new("RGBA", (20, 20), (100, 100, 100, 77))

    assert edited("make it brighter", half).getchannel("A").getextrema() == (77, 77)


def test_the_smallest_picture_is_edited_or_refused_but_breaks_nothing() -> None:
    dot = Image.new("RGB", (1, 1), (100, 100, 100))

    assert edited("sepia", dot).size == (1, 1)
    for prompt in ("blue sky background", "remove the object in the middle", "make the sky a sunset"):
        with pytest.raises(Refused):
            edited(prompt, dot)


def test_progress_runs_from_nothing_to_all() -> None:
    shares: list[float] = []

    load_engine("local").edit(Image.new("RGB", (4, 4)), Instruction("brighter, then warmer"), shares.append)

    assert shares == [0.0, 0.5, 1.0]


def test_a_file_goes_in_and_a_png_of_the_same_size_comes_out() -> None:
    out = edit_bytes(load_engine("local"), ASTRONAUT.read_bytes(), "make it warmer", "standard", lambda _: None)

    picture = Image.open(io.BytesIO(out))
    assert (picture.format, picture.size) == ("PNG", (486, 486))


def test_the_engine_of_this_machine_is_always_there() -> None:
    assert engine_names()[0] == "local"


def test_an_engine_that_is_not_installed_is_named_with_those_that_are() -> None:
    with pytest.raises(LookupError, match=r"no engine called 'magic'.*local"):
        load_engine("magic")


def test_an_engine_of_ones_own_is_found_by_its_entry_point(tmp_path: Path) -> None:
    (tmp_path / "own_engine.py").write_text(
        "class Upside:\n    def edit(self, picture, instruction, progress):\n        return picture.rotate(180)\n"
    )
    metadata = tmp_path / "own_engine-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: own-engine\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text("[aeforge.engines]\nupside = own_engine:Upside\n")
    asking = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "from aeforge_cli.sandbox.engine import engine_names, load_engine\n"
        "print(engine_names(), type(load_engine('upside')).__name__)"
    )

    answer = subprocess.run([sys.executable, "-c", asking], capture_output=True, text=True, check=True)

    assert answer.stdout == "['local', 'upside'] Upside\n"


def test_importing_the_engine_loads_nothing_heavy() -> None:
    heavy = {"numpy", "PIL", "onnxruntime", "patchmatch"}
    asking = f"import sys, aeforge_cli.sandbox.engine; print({heavy} & set(sys.modules))"
    answer = subprocess.run([sys.executable, "-c", asking], capture_output=True, text=True, check=True)

    assert answer.stdout == "set()\n"


def test_the_weights_are_the_file_their_readme_names() -> None:
    weights = files("aeforge_cli.sandbox.engine") / "weights"

    digest = hashlib.sha256((weights / "u2netp_int8.onnx").read_bytes()).hexdigest()

    assert f"`{digest}`" in (weights / "README.md").read_text(encoding="utf-8")
    assert "Apache License" in (weights / "LICENSE-u2netp.txt").read_text(encoding="utf-8")
