"""What people write, and what the engine takes it to mean."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aeforge_cli.sandbox.engine import Refused
from aeforge_cli.sandbox.engine.edits import (
    Adjust,
    Edit,
    Gradient,
    Nothing,
    Part,
    Place,
    Recolour,
    RemoveObject,
    SetBackground,
    SetSky,
    SkyKind,
    Studio,
    Tone,
)
from aeforge_cli.sandbox.engine.prompts import ABILITIES, parse

# Words that mean more, or something else, beside one another.
WORDS = (
    "make change remove keep it the subject background sky picture object blue dark sunset clear gradient transparent "
    "brighter blurred 20% more less very too not enough left upper corner and then instead of from to cut out down "
    "in colour only"
)

UPPER_RIGHT = Place(0.5, 0, 1, 0.5)


@pytest.mark.parametrize(
    ("prompt", "edit"),
    [
        ("Change background to blue sky", SetBackground(SkyKind.BLUE)),
        ("please make the backround a clear blue sky", SetBackground(SkyKind.CLEAR)),
        ("BLUE SKY WITH WHITE CLOUDS", SetBackground(SkyKind.CLOUDY)),
        ("put a starry night sky behind her", SetBackground(SkyKind.NIGHT)),
        ("change the bakground to a sunet", SetBackground(SkyKind.SUNSET)),
        ("change the background to #ff8800", SetBackground((255, 136, 0))),
        ("make the background rgb(255, 0, 10)", SetBackground((255, 0, 10))),
        ("navy blue background", SetBackground((0, 0, 128))),
        ("make the background sky blue", SetBackground((135, 206, 235))),
        ("backgroud white please", SetBackground((255, 255, 255))),
        ("dark purple backdrop", SetBackground((70, 0, 70))),
        ("gradient from red to gold in the background", SetBackground(Gradient((255, 0, 0), (255, 215, 0)))),
        ("a grey studio background", SetBackground(Studio((128, 128, 128)))),
        ("remove the background", SetBackground(Nothing())),
        ("make the background transparent", SetBackground(Nothing())),
        ("cut out the subject", SetBackground(Nothing())),
        ("make the sky blue", SetSky(SkyKind.BLUE)),
        ("Could you please replace the sky with a sunset?", SetSky(SkyKind.SUNSET)),
        ("add clouds to the sky", SetSky(SkyKind.CLOUDY)),
        ("Remove object in upper right corner", RemoveObject(UPPER_RIGHT)),
        ("get rid of the thing in the top-right corner of the photo", RemoveObject(UPPER_RIGHT)),
        ("erase what's on the left", RemoveObject(Place(0, 0, 0.5, 1))),
        ("remove the object in the lower third", RemoveObject(Place(0, 1 - 1 / 3, 1, 1))),
        ("remove object in the center", RemoveObject(Place(0.25, 0.25, 0.75, 0.75))),
        ("recolour the subject to green", Recolour(Part.SUBJECT, (0, 128, 0))),
        ("make the subject red", Recolour(Part.SUBJECT, (255, 0, 0))),
        ("tint the background orange", Recolour(Part.BACKGROUND, (255, 165, 0))),
        ("blur the background a lot", Adjust(Part.BACKGROUND, Tone.BLURRED, 1.6)),
        ("make the subject a bit brighter", Adjust(Part.SUBJECT, Tone.BRIGHTER, 0.5)),
        ("make the sky darker", Adjust(Part.SKY, Tone.DARKER)),
        ("turn it into black and white", Adjust(Part.PICTURE, Tone.MONOCHROME)),
        ("increase contrast by 20%", Adjust(Part.PICTURE, Tone.MORE_CONTRAST, 0.5)),
        ("lower the saturation slightly", Adjust(Part.PICTURE, Tone.LESS_SATURATION, 0.5)),
        ("less bright", Adjust(Part.PICTURE, Tone.DARKER)),
        ("could u put it in front of a sunset sky", SetBackground(SkyKind.SUNSET)),
        ("swap out the background for a stormy sky", SetBackground(SkyKind.OVERCAST)),
        ("replace the grey sky with a blue one", SetSky(SkyKind.BLUE)),
        ("change the white background to black", SetBackground((0, 0, 0))),
        ("blue sky with white clouds in the background", SetBackground(SkyKind.CLOUDY)),
        ("put the subject on a white background", SetBackground((255, 255, 255))),
        ("change the subject's background to navy", SetBackground((0, 0, 128))),
        ("isolate the person on white", SetBackground((255, 255, 255))),
        ("remove everything except the subject", SetBackground(Nothing())),
        ("keep only the subject", SetBackground(Nothing())),
        ("make everything but the subject black and white", Adjust(Part.BACKGROUND, Tone.MONOCHROME)),
        ("remove the unwanted object in the top left corner", RemoveObject(Place(0, 0, 0.5, 0.5))),
        ("make the colours pop", Adjust(Part.PICTURE, Tone.MORE_SATURATION)),
        ("sepia, please", Adjust(Part.PICTURE, Tone.SEPIA)),
        ("cool it down a bit", Adjust(Part.PICTURE, Tone.COOLER, 0.5)),
        ("warmer tones", Adjust(Part.PICTURE, Tone.WARMER)),
        ("change the sky from grey to blue", SetSky(SkyKind.BLUE)),
        ("change the background colour from white to blue", SetBackground((0, 0, 255))),
        ("make the white background black", SetBackground((0, 0, 0))),
        ("background from red to gold", SetBackground(Gradient((255, 0, 0), (255, 215, 0)))),
        ("an overcast sky instead of the blue one", SetBackground(SkyKind.OVERCAST)),
        ("Replace the dull sky with a bright blue one", SetSky(SkyKind.BLUE)),
        ("sky -> sunset", SetSky(SkyKind.SUNSET)),
        ("make it a sunny day", SetSky(SkyKind.CLEAR)),
        ("a dark stormy sky", SetBackground(SkyKind.OVERCAST)),
        ("purple sunset", SetBackground(SkyKind.SUNSET)),
        ("make the background a sunset gradient", SetBackground(SkyKind.SUNSET)),
        ("turn day into night", SetBackground(SkyKind.NIGHT)),
        ("the background should be really white", SetBackground((255, 255, 255))),
        ("a soft pastel pink background", SetBackground((255, 230, 234))),
        ("set the background to solid red (#cc0000)", SetBackground((204, 0, 0))),
        ("place the product on a clean white background", SetBackground((255, 255, 255))),
        ("set it against a black backdrop", SetBackground((0, 0, 0))),
        ("cut the person out", SetBackground(Nothing())),
        ("just the subject, no background", SetBackground(Nothing())),
        ("make the background disappear", SetBackground(Nothing())),
        ("remove the white background", SetBackground(Nothing())),
        ("a transparent png", SetBackground(Nothing())),
        ("remove the background and replace it with navy", SetBackground((0, 0, 128))),
        ("take the thing in the top right out of the picture", RemoveObject(UPPER_RIGHT)),
        ("make the object in the upper right corner disappear", RemoveObject(UPPER_RIGHT)),
        ("there is something in the upper right, remove it", RemoveObject(UPPER_RIGHT)),
        ("clear the top right corner", RemoveObject(UPPER_RIGHT)),
        ("the picture is too dark, brighten it a lot", Adjust(Part.PICTURE, Tone.BRIGHTER, 1.6)),
        ("this is blurry, sharpen it", Adjust(Part.PICTURE, Tone.SHARPER)),
        ("too much contrast", Adjust(Part.PICTURE, Tone.LESS_CONTRAST)),
        ("the background isn't dark enough", Adjust(Part.BACKGROUND, Tone.DARKER)),
        ("turn the brightness of the subject down", Adjust(Part.SUBJECT, Tone.DARKER)),
        ("cool the tones down", Adjust(Part.PICTURE, Tone.COOLER)),
        ("contrast +20", Adjust(Part.PICTURE, Tone.MORE_CONTRAST, 0.5)),
        ("boost the colours", Adjust(Part.PICTURE, Tone.MORE_SATURATION)),
        ("take the colour out of the background", Adjust(Part.BACKGROUND, Tone.MONOCHROME)),
        ("portrait mode", Adjust(Part.BACKGROUND, Tone.BLURRED)),
        ("blur everything behind me", Adjust(Part.BACKGROUND, Tone.BLURRED)),
        ("make the background of the picture darker", Adjust(Part.BACKGROUND, Tone.DARKER)),
        ("sharpen only the subject", Adjust(Part.SUBJECT, Tone.SHARPER)),
        ("the sky should look stormy", SetSky(SkyKind.OVERCAST)),
        ("no background, transparent", SetBackground(Nothing())),
        ("change bg to hsl(120, 50%, 50%)", SetBackground((64, 191, 64))),
        ("lower the saturation by half", Adjust(Part.PICTURE, Tone.LESS_SATURATION, 1.25)),
    ],
)
def test_an_edit_is_understood_as_people_write_it(prompt: str, edit: Edit) -> None:
    assert parse(prompt) == (edit,)


@pytest.mark.parametrize(
    ("prompt", "edits"),
    [
        ("Make it brighter and sharper", (Adjust(Part.PICTURE, Tone.BRIGHTER), Adjust(Part.PICTURE, Tone.SHARPER))),
        (
            "make the background black and white and remove the object in the upper right corner",
            (Adjust(Part.BACKGROUND, Tone.MONOCHROME), RemoveObject(UPPER_RIGHT)),
        ),
        (
            "remove the objects in the upper right and the lower left corner",
            (RemoveObject(UPPER_RIGHT), RemoveObject(Place(0, 0.5, 0.5, 1))),
        ),
        (
            "make the background brighter and blur it",
            (Adjust(Part.BACKGROUND, Tone.BRIGHTER), Adjust(Part.BACKGROUND, Tone.BLURRED)),
        ),
        (
            "make the background white and make it warmer",
            (SetBackground((255, 255, 255)), Adjust(Part.PICTURE, Tone.WARMER)),
        ),
        (
            "Change the background to blue sky; then make the picture warmer.",
            (SetBackground(SkyKind.BLUE), Adjust(Part.PICTURE, Tone.WARMER)),
        ),
        (
            "white background + more contrast",
            (SetBackground((255, 255, 255)), Adjust(Part.PICTURE, Tone.MORE_CONTRAST)),
        ),
        (
            "1. remove the object in the top right 2. make the background white",
            (RemoveObject(UPPER_RIGHT), SetBackground((255, 255, 255))),
        ),
    ],
)
def test_several_edits_are_done_in_the_order_they_are_named(prompt: str, edits: tuple[Edit, ...]) -> None:
    assert parse(prompt) == edits


@pytest.mark.parametrize(
    ("prompt", "edit"),
    [
        ("change the background to blue sky while keeping the person unchanged", SetBackground(SkyKind.BLUE)),
        ("don't touch the subject, make the background navy", SetBackground((0, 0, 128))),
        ("blur the background and keep everything else the same", Adjust(Part.BACKGROUND, Tone.BLURRED)),
        ("keep the subject sharp and blur the rest", Adjust(Part.BACKGROUND, Tone.BLURRED)),
        ("black and white with the subject in colour", Adjust(Part.BACKGROUND, Tone.MONOCHROME)),
        ("make everything black and white except the subject", Adjust(Part.BACKGROUND, Tone.MONOCHROME)),
        ("brighten the picture but leave the background as it is", Adjust(Part.SUBJECT, Tone.BRIGHTER)),
        ("remove the object in the upper right without touching the person", RemoveObject(UPPER_RIGHT)),
    ],
)
def test_what_shall_stay_as_it_is_stays(prompt: str, edit: Edit) -> None:
    assert parse(prompt) == (edit,)


@pytest.mark.parametrize(
    ("prompt", "reason"),
    [
        ("keep the sky, change the background to white", "The prompt asks for a change of what it asks to keep."),
        ("make the picture sepia but keep the sky", "The prompt asks for a change of what it asks to keep."),
        ("keep the subject", "The prompt asks for nothing."),
        ("remove the person in the background", "An object can be named by its place only."),
        ("remove the subject", "An object can be named by its place only."),
        ("remove the left side", 'Say what to take away: for example "the object on the left".'),
        ("white background black subject", "The local engine cannot tell what to do from these words."),
        ("make the clouds pink", "The local engine cannot tell what to do from these words."),
        ("put a mountain behind him", 'The local engine does not know what "mountain" means here.'),
        ("replace the background", 'Say what the background shall become: for example "make the background a sunset".'),
        ("remove the dog", 'The local engine does not know what "dog" means here.'),
        ("change background to a beach", 'The local engine does not know what "beach" means here.'),
        ("make the sky more dramatic", 'The local engine does not know what "dramatic" means here.'),
        ("make the background #zzz", 'The local engine does not know what "#zzz" means here.'),
        ("remove the object", 'Say where the object is: for example "remove the object in the upper right corner".'),
        ("remove object in the corner", 'Say which corner: for example "upper right corner".'),
        ("remove the red object on the left", "An object can be named by its place only."),
        ("remove the left right object", '"left" and "right" cannot both be done in one step.'),
        ("remove the person on the left", "An object can be named by its place only."),
        ("make the subject transparent", "The local engine cannot tell what to do from these words."),
        ("isolate the sky", "The local engine cannot tell what to do from these words."),
        ("do not blur the background", 'The local engine does not know what "do" means here.'),
        ("remove everything except the car", 'The local engine does not know what "car" means here.'),
        ("make the sky green", 'The engine has no "green" sky.'),
        ("hello", "The prompt asks for nothing."),
        ("", "The prompt asks for nothing."),
    ],
)
def test_what_cannot_be_done_is_refused_with_what_can(prompt: str, reason: str) -> None:
    with pytest.raises(Refused) as refused:
        parse(prompt)

    assert refused.value.reason == f"{reason}\n{ABILITIES}"


@given(st.lists(st.sampled_from(WORDS.split()), max_size=10))
def test_any_words_are_understood_or_refused(words: list[str]) -> None:
    with contextlib.suppress(Refused):
        assert parse(" ".join(words))
