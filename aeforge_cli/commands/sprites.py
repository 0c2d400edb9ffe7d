"""`aeforge sprite make | reskin | overlay`: the operations around sprites, in the user's words."""

from enum import StrEnum
from typing import Annotated

import typer

from aeforge_cli.commands.buying import buy, words
from aeforge_cli.commands.options import Buying, PromptOption, Saving, Service, Talking, Waiting, with_options
from aeforge_cli.commands.pictures import (
    ApiVersion,
    ApiVersionOption,
    ImageArgument,
    ResolutionOption,
    VersionQualityOption,
    only_one_stdin,
    set_quality,
    version_for,
)
from aeforge_cli.operations import (
    CharacterOverlayV1,
    CharacterOverlayV2,
    MakeSpriteV1,
    MakeSpriteV2,
    Operation,
    ReskinV1,
    ReskinV2,
    Resolution,
    Style,
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
    typer.Option("--style", case_sensitive=False, help="How it is drawn.", show_default="the service's choice"),
]


def register(tree: typer.Typer) -> None:
    sprite = typer.Typer(help="Animate pictures, give sprites another look, put characters over them.")
    sprite.command("make")(make)
    sprite.command("reskin")(reskin)
    sprite.command("overlay")(overlay)
    tree.add_typer(sprite, name="sprite")


@with_options
def make(
    session: Session,
    image: ImageArgument,
    prompt: PromptOption,
    saving: Saving,
    waiting: Waiting,
    buying: Buying,
    service: Service,
    talking: Talking,
    to: Annotated[
        str | None, typer.Option("--to", metavar="IMAGE", help="The picture that the animation ends with (version 2).")
    ] = None,
    frames: Annotated[
        int | None,
        typer.Option(
            "--frames",
            metavar="N",
            help="How many: 25, 36, 49, 64, 81, 100, 121, 144, 169; in version 2: 49, 81, 121.",
            show_default="the fewest",
        ),
    ] = None,
    pixel: Annotated[bool, typer.Option("--pixel/--no-pixel", help="Draw it as pixel art.")] = False,
    api_version: ApiVersionOption = None,
) -> None:
    """Animate a picture as a prompt says: frames, and a GIF of them.

    Examples:

        aeforge sprite make knight.png -p "walks to the right" -o 'knight/{n}.{ext}'

        aeforge sprite make standing.png --to sitting.png -p "sits down" --frames 81 -o sitting/
    """
    talking.apply(session)
    service.apply(session, timeout=waiting.timeout)
    version = version_for(api_version, first={}, second={"--to": to})
    images = only_one_stdin(session, prompt, image, *([to] if to else []))
    text = words(prompt)
    operation: Operation
    if version is ApiVersion.FIRST:
        operation = MakeSpriteV1(images[0], text, _frames(frames, MakeSpriteV1.FRAMES), is_pixel=pixel)
    else:
        end = images[1] if to else None
        operation = MakeSpriteV2(images[0], text, _frames(frames, MakeSpriteV2.FRAMES), end, is_pixel=pixel)
    buy(session, operation, images, saving=saving, waiting=waiting, buying=buying)


def _frames(given: int | None, allowed: tuple[int, ...]) -> int:
    return min(allowed) if given is None else given


@with_options
def reskin(
    session: Session,
    image: ImageArgument,
    prompt: PromptOption,
    saving: Saving,
    waiting: Waiting,
    buying: Buying,
    service: Service,
    talking: Talking,
    style: StyleOption = None,
    resolution: ResolutionOption = None,
    quality: VersionQualityOption = None,
    api_version: ApiVersionOption = None,
) -> None:
    """Give a sprite another look.

    --resolution asks for version 1 of the operation, --quality for version 2.

    Examples:

        aeforge sprite reskin knight.png -p "in golden armour" --resolution 2K -o golden.png

        aeforge sprite reskin knight.png -p "as a robot" --style quarter-view --quality pro -o robot.png
    """
    talking.apply(session)
    service.apply(session, quality=quality, timeout=waiting.timeout)
    version = version_for(api_version, first={"--resolution": resolution}, second={"--quality": quality})
    images = only_one_stdin(session, prompt, image)
    text, drawn = words(prompt), _at_the_service(style)
    operation: Operation = (
        ReskinV1(images[0], text, resolution or Resolution.ONE_K, drawn)
        if version is ApiVersion.FIRST
        else ReskinV2(images[0], text, set_quality(session), drawn)
    )
    buy(session, operation, images, saving=saving, waiting=waiting, buying=buying)


@with_options
def overlay(
    session: Session,
    sheet: Annotated[
        str, typer.Argument(metavar="SHEET", help="The sprite sheet: a path, an http(s) address, or - for stdin.")
    ],
    characters: Annotated[
        list[str], typer.Argument(metavar="CHARACTER...", help="1 to 4 pictures of characters, likewise.")
    ],
    rows: Annotated[
        str,
        typer.Option(
            "--rows",
            metavar="JSON|@FILE",
            help='What each row of the sheet shows: [{"row": 0, "title": "walk", "description": "walks right"}, ...].',
        ),
    ],
    saving: Saving,
    waiting: Waiting,
    buying: Buying,
    service: Service,
    talking: Talking,
    style: StyleOption = None,
    resolution: ResolutionOption = None,
    quality: VersionQualityOption = None,
    api_version: ApiVersionOption = None,
) -> None:
    """Put characters over the rows of a sprite sheet.

    --resolution asks for version 1 of the operation, --quality for version 2.

    Examples:

        aeforge sprite overlay sheet.png hero.png --rows @rows.json -o out/

        aeforge sprite overlay sheet.png hero.png villain.png --rows @rows.json --quality pro -o out/
    """
    talking.apply(session)
    service.apply(session, quality=quality, timeout=waiting.timeout)
    version = version_for(api_version, first={"--resolution": resolution}, second={"--quality": quality})
    images = only_one_stdin(session, rows, sheet, *characters)
    text, drawn = words(rows), _at_the_service(style)
    operation: Operation = (
        CharacterOverlayV1(images[0], tuple(images[1:]), text, resolution or Resolution.ONE_K, drawn)
        if version is ApiVersion.FIRST
        else CharacterOverlayV2(images[0], tuple(images[1:]), text, set_quality(session), drawn)
    )
    buy(session, operation, images, saving=saving, waiting=waiting, buying=buying)
