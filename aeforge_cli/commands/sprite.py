"""`aeforge sprite make | reskin | overlay`: the operations around sprites, in the user's words."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from aeforge_cli.api.operations import (
    CharacterOverlayV1,
    CharacterOverlayV2,
    MakeSpriteV1,
    MakeSpriteV2,
    ReskinV1,
    ReskinV2,
    Resolution,
    Style,
)
from aeforge_cli.commands._shared.options import RunOptions, prompt_option, with_options
from aeforge_cli.commands._shared.sources import BatchOptions, InputOptions
from aeforge_cli.commands._shared.versions import (
    ApiVersion,
    ApiVersionOption,
    ResolutionOption,
    VersionQualityOption,
    version_for,
)
from aeforge_cli.session import Session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aeforge_cli.api.operations import Operation
    from aeforge_cli.files.picture import Picture
    from aeforge_cli.jobs.manifest import Wanted


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


def register(tree: typer.Typer) -> None:
    sprite = typer.Typer(help="Animate images, restyle sprites, overlay characters.")
    sprite.command("make")(make)
    sprite.command("reskin")(reskin)
    sprite.command("overlay")(overlay)
    tree.add_typer(sprite, name="sprite")


@with_options
def make(
    session: Session,
    pictures: InputOptions,
    listing: BatchOptions,
    terms: RunOptions,
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
    from aeforge_cli.commands._shared.ordering import buy_all

    terms.apply(session, jobs=listing.jobs)
    version = version_for(api_version, first={}, second={"--to": to})

    def animated(sources: "Sequence[Picture]", each: "Wanted") -> "Operation":
        start, end = sources[0], next(iter(sources[1:]), None)
        if version is ApiVersion.FIRST:
            return MakeSpriteV1(start, each.words, _frames(frames, MakeSpriteV1.FRAMES), is_pixel=pixel)
        return MakeSpriteV2(start, each.words, _frames(frames, MakeSpriteV2.FRAMES), end, is_pixel=pixel)

    buy_all(session, MakeSpriteV2, animated, terms, listing, pictures, prompt=prompt, shared=[to] if to else [])


def _frames(given: int | None, allowed: tuple[int, ...]) -> int:
    return min(allowed) if given is None else given


@with_options
def reskin(
    session: Session,
    pictures: InputOptions,
    listing: BatchOptions,
    terms: RunOptions,
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
    from aeforge_cli.commands._shared.buying import chosen_quality
    from aeforge_cli.commands._shared.ordering import buy_all

    terms.apply(session, quality=quality, jobs=listing.jobs)
    drawn = _at_the_service(style)

    def reskinned(sources: "Sequence[Picture]", each: "Wanted") -> "Operation":
        given = each.quality or quality
        version = version_for(api_version, first={"--resolution": resolution}, second={"--quality": given})
        if version is ApiVersion.FIRST:
            return ReskinV1(sources[0], each.words, resolution or Resolution.ONE_K, drawn)
        return ReskinV2(sources[0], each.words, chosen_quality(session, each.quality), drawn)

    buy_all(session, ReskinV2, reskinned, terms, listing, pictures, prompt=prompt)


@with_options
def overlay(
    session: Session,
    sheet: Annotated[str, typer.Argument(metavar="SHEET", help="Sprite sheet: a file, a URL, or - for stdin.")],
    characters: Annotated[list[str], typer.Argument(metavar="CHARACTER...", help="1 to 4 images of characters.")],
    rows: Annotated[
        str, typer.Option("--rows", metavar="JSON|@FILE", help="What each row of the sheet shows, as JSON.")
    ],
    terms: RunOptions,
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
    from aeforge_cli.commands._shared.buying import buy, check_stdin, chosen_quality, picture, words

    terms.apply(session, quality=quality)
    version = version_for(api_version, first={"--resolution": resolution}, second={"--quality": quality})
    check_stdin(rows, sheet, *characters)
    images = [picture(session, name) for name in (sheet, *characters)]
    text, drawn = words(rows), _at_the_service(style)
    operation: Operation = (
        CharacterOverlayV1(images[0], tuple(images[1:]), text, resolution or Resolution.ONE_K, drawn)
        if version is ApiVersion.FIRST
        else CharacterOverlayV2(images[0], tuple(images[1:]), text, chosen_quality(session), drawn)
    )
    buy(session, operation, images, terms)
