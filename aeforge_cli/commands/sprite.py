"""`aeforge sprite make | reskin | overlay`: the operations around sprites, in the user's words."""

from enum import StrEnum
from typing import Annotated

import typer

from aeforge_cli.api.operations import (
    CharacterOverlayV1,
    CharacterOverlayV2,
    MakeSpriteV1,
    MakeSpriteV2,
    Operation,
    Quality,
    ReskinV1,
    ReskinV2,
    Resolution,
    Style,
)
from aeforge_cli.commands._shared.options import RunOptions, prompt_option, with_options
from aeforge_cli.commands._shared.recipes import Recipe, Values, one_of, truth, whole_number
from aeforge_cli.commands._shared.run import submit_all
from aeforge_cli.commands._shared.sources import BatchOptions, InputOptions, check_stdin, words
from aeforge_cli.commands._shared.versions import (
    OF_VERSIONS,
    ApiVersion,
    ApiVersionOption,
    ResolutionOption,
    VersionQualityOption,
    version_for,
)
from aeforge_cli.session import Session


class StyleName(StrEnum):
    """The styles, spelled as people spell them."""

    PIXEL = "pixel"
    CARTOON = "cartoon"
    SD = "sd"
    QUARTER_VIEW = "quarter-view"


def _at_the_service(style: StyleName | None) -> Style | None:
    return None if style is None else Style[style.name]


StyleOption = Annotated[
    StyleName | None,
    typer.Option("--style", case_sensitive=False, help="Drawing style.", show_default="the service's choice"),
]


def _frames(given: int | None, allowed: tuple[int, ...]) -> int:
    return min(allowed) if given is None else given


def _animated(job: Values) -> Operation:
    end, pixel = job.optional("to"), bool(job["pixel"])
    version = version_for(job["api_version"], first={}, second={"--to": end})
    if version is ApiVersion.FIRST:
        frames = _frames(job["frames"], MakeSpriteV1.FRAMES)
        return MakeSpriteV1(job.image, job.words, frames, is_pixel=pixel)
    return MakeSpriteV2(job.image, job.words, _frames(job["frames"], MakeSpriteV2.FRAMES), end, is_pixel=pixel)


def _version(job: Values) -> ApiVersion:
    return version_for(
        job["api_version"], first={"--resolution": job["resolution"]}, second={"--quality": job["quality"]}
    )


def _reskinned(job: Values) -> Operation:
    style = _at_the_service(job["style"])
    if _version(job) is ApiVersion.FIRST:
        return ReskinV1(job.image, job.words, job["resolution"] or Resolution.ONE_K, style)
    return ReskinV2(job.image, job.words, job.quality, style)


def _overlaid(job: Values) -> Operation:
    characters, rows, style = tuple(job.pictures["character"]), job["rows"] or "", _at_the_service(job["style"])
    if _version(job) is ApiVersion.FIRST:
        return CharacterOverlayV1(job.image, characters, rows, job["resolution"] or Resolution.ONE_K, style)
    return CharacterOverlayV2(job.image, characters, rows, job.quality, style)


_LOOKS = {
    "style": one_of(StyleName, "style"),
    "resolution": one_of(Resolution, "resolution"),
    "quality": one_of(Quality, "quality"),
    "api_version": one_of(ApiVersion, "version"),
}
RECIPES = (
    Recipe(
        "sprite make",
        MakeSpriteV2,
        _animated,
        options={"frames": whole_number, "pixel": truth, "api_version": one_of(ApiVersion, "version")},
        pictures=("to",),
    ),
    Recipe("sprite reskin", ReskinV2, _reskinned, options=_LOOKS, either=OF_VERSIONS),
    Recipe(
        "sprite overlay",
        CharacterOverlayV2,
        _overlaid,
        options={**_LOOKS, "rows": str},
        pictures=("character",),
        words=None,
        either=OF_VERSIONS,
    ),
)


def register(tree: typer.Typer) -> None:
    sprite = typer.Typer(help="Animate images, restyle sprites, overlay characters.")
    sprite.command("make")(make)
    sprite.command("reskin")(reskin)
    sprite.command("overlay")(overlay)
    tree.add_typer(sprite, name="sprite")


@with_options
def make(
    session: Session,
    inputs: InputOptions,
    batch: BatchOptions,
    run: RunOptions,
    prompt: Annotated[str | None, prompt_option("How it moves")] = None,
    to: Annotated[
        str | None, typer.Option("--to", metavar="IMAGE", help="Last image of the animation (version 2).")
    ] = None,
    frames: Annotated[
        int | None, typer.Option("--frames", metavar="N", help="Number of frames.", show_default="the fewest")
    ] = None,
    pixel: Annotated[bool, typer.Option("--pixel/--no-pixel", help="Draw pixel art.")] = False,
    api_version: ApiVersionOption = None,
) -> None:
    """Animate an image as a prompt describes: frames, and a GIF of them.

    Frames: 25, 36, 49, 64, 81, 100, 121, 144 or 169 in version 1 of the operation; 49, 81 or 121 in version 2.

    Examples:

        aeforge sprite make knight.png -p "walks to the right" -o 'knight/{n}.{ext}'

        aeforge sprite make standing.png --to sitting.png -p "sits down" --frames 81 -o sitting/

        aeforge sprite make heroes/ -p "walks to the right" -o 'walks/{stem}/{n}.{ext}' --resume
    """
    options = {"prompt": prompt, "to": to, "frames": frames, "pixel": pixel, "api_version": api_version}
    submit_all(session, RECIPES[0], run, batch, inputs, options=options)


@with_options
def reskin(
    session: Session,
    inputs: InputOptions,
    batch: BatchOptions,
    run: RunOptions,
    prompt: Annotated[str | None, prompt_option("New look")] = None,
    style: StyleOption = None,
    resolution: ResolutionOption = None,
    quality: VersionQualityOption = None,
    api_version: ApiVersionOption = None,
) -> None:
    """Restyle a sprite.

    --resolution selects version 1 of the operation; --quality, or a quality in a manifest, selects version 2.

    Examples:

        aeforge sprite reskin knight.png -p "in golden armour" --resolution 2K -o golden.png

        aeforge sprite reskin knight.png -p "as a robot" --style quarter-view --quality pro -o robot.png

        aeforge sprite reskin --manifest looks.csv --quality pro -o looks/
    """
    options = {
        "prompt": prompt,
        "style": style,
        "resolution": resolution,
        "quality": quality,
        "api_version": api_version,
    }
    submit_all(session, RECIPES[1], run, batch, inputs, options=options)


@with_options
def overlay(
    session: Session,
    sheet: Annotated[str, typer.Argument(metavar="SHEET", help="Sprite sheet: a file, a URL, or - for stdin.")],
    characters: Annotated[list[str], typer.Argument(metavar="CHARACTER...", help="1 to 4 images of characters.")],
    rows: Annotated[
        str, typer.Option("--rows", metavar="JSON|@FILE", help="What each row of the sheet shows, as JSON.")
    ],
    run: RunOptions,
    style: StyleOption = None,
    resolution: ResolutionOption = None,
    quality: VersionQualityOption = None,
    api_version: ApiVersionOption = None,
) -> None:
    """Overlay characters on the rows of a sprite sheet.

    Rows are a JSON list: [{"row": 0, "title": "walk", "description": "walks right"}, ...]; @FILE reads it from a file.
    --resolution selects version 1 of the operation, --quality selects version 2.

    Examples:

        aeforge sprite overlay sheet.png hero.png --rows @rows.json -o out/

        aeforge sprite overlay sheet.png hero.png villain.png --rows @rows.json --quality pro -o out/
    """
    options = {
        "character": characters,
        "rows": words(rows),
        "style": style,
        "resolution": resolution,
        "quality": quality,
        "api_version": api_version,
    }
    check_stdin(rows, sheet, *characters)
    submit_all(session, RECIPES[2], run, BatchOptions(), InputOptions(images=[sheet]), options=options)
