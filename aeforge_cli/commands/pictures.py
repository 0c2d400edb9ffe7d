"""`aeforge upscale | split-layer | generate | effect`: the operations around pictures, in the user's words."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from aeforge_cli.commands.listing import Listing, Pictures
from aeforge_cli.commands.options import PromptOption, Terms, with_options
from aeforge_cli.errors import Usage
from aeforge_cli.operations import AiModel, EffectV1, EffectV2, Generate, Quality, Resolution, SplitLayer, Upscale
from aeforge_cli.session import Session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aeforge_cli.operations import Operation, Picture
    from aeforge_cli.plan import Wanted


def register(tree: typer.Typer) -> None:
    tree.command("upscale")(upscale)
    tree.command("split-layer")(split_layer)
    tree.command("generate")(generate)
    tree.command("effect")(effect)


@with_options
def upscale(
    session: Session,
    pictures: Pictures,
    listing: Listing,
    terms: Terms,
    scale: Annotated[
        Resolution,
        typer.Option("--scale", case_sensitive=False, help="The long side becomes 1024, 2048 or 4096 pixels."),
    ] = Resolution.TWO_K,
) -> None:
    """Make a picture larger.

    Examples:

        aeforge upscale photo.png --scale 4K -o large.png

        aeforge upscale photos/ -o large/ -j 32 --resume
    """
    from aeforge_cli.commands.ordering import buy_all

    terms.apply(session, jobs=listing.jobs)
    buy_all(session, Upscale, lambda sources, _: Upscale(sources[0], scale), terms, listing, pictures)


@with_options
def split_layer(
    session: Session,
    pictures: Pictures,
    listing: Listing,
    terms: Terms,
    keyword: Annotated[
        str | None,
        typer.Option(
            "--keyword",
            "-k",
            metavar="WORD",
            help="The element to separate, for example: arm; @FILE reads it from a file. In a manifest: prompt.",
        ),
    ] = None,
) -> None:
    """Separate one element of a picture into a layer of its own.

    A job makes several pictures: give -o a folder or a template, or they are numbered -1, -2 before the suffix.

    Examples:

        aeforge split-layer character.png -k arm -o layers/

        aeforge split-layer characters/ -k body -o 'layers/{stem}/{n}.{ext}'
    """
    from aeforge_cli.commands.ordering import buy_all

    terms.apply(session, jobs=listing.jobs)

    def make(sources: "Sequence[Picture]", each: "Wanted") -> SplitLayer:
        return SplitLayer(sources[0], each.words)

    buy_all(session, SplitLayer, make, terms, listing, pictures, prompt=keyword)


def _model(text: str) -> AiModel:
    """A model by the service's name for it, in any case, its words apart or joined by hyphens."""
    wanted = text.lower().replace("-", " ").strip()
    for model in AiModel:
        if model.lower() == wanted:
            return model
    raise typer.BadParameter(f"{text!r} is not one of {_MODEL_NAMES}.")


_MODEL_NAMES = ", ".join(model.lower().replace(" ", "-") for model in AiModel)


@with_options
def generate(
    session: Session,
    listing: Listing,
    terms: Terms,
    model: Annotated[AiModel, typer.Option("--model", metavar="NAME", parser=_model, help=f"One of {_MODEL_NAMES}.")],
    prompt: PromptOption = None,
    ref: Annotated[
        list[str] | None,
        typer.Option(
            "--ref",
            metavar="IMAGE",
            help="A picture to go by; repeatable: up to 5 for grok-imagine, 1 for grok-imagine-pro, 10 for others.",
        ),
    ] = None,
) -> None:
    """Make a picture from a prompt.

    The results of a manifest are named generate-1, generate-2 by its lines, unless a line has an output.

    Examples:

        aeforge generate -p "a lighthouse at dusk" --model nano-banana -o lighthouse.png

        aeforge generate -p "the same cat, sleeping" --model gpt-image-2 --ref cat.png -o asleep.png

        aeforge generate --manifest prompts.jsonl --model nano-banana -o out/
    """
    from aeforge_cli.commands.ordering import buy_all

    terms.apply(session, jobs=listing.jobs)

    def make(references: "Sequence[Picture]", each: "Wanted") -> Generate:
        return Generate(each.words, model, tuple(references))

    buy_all(session, Generate, make, terms, listing, prompt=prompt, shared=ref or ())


class ApiVersion(StrEnum):
    """The two forms that some of the service's operations have."""

    FIRST = "1"
    SECOND = "2"


ApiVersionOption = Annotated[
    ApiVersion | None,
    typer.Option(
        "--api-version", help="Which form of the service's operation.", show_default="1, or as the options need"
    ),
]
ResolutionOption = Annotated[
    Resolution | None,
    typer.Option(
        "--resolution",
        case_sensitive=False,
        help="The result's long side: 1024, 2048 or 4096 pixels (version 1).",
        show_default="1K",
    ),
]
VersionQualityOption = Annotated[
    Quality | None,
    typer.Option("--quality", "-q", help="How much work the service puts in (version 2).", show_default="standard"),
]


@with_options
def effect(
    session: Session,
    listing: Listing,
    terms: Terms,
    prompt: PromptOption = None,
    image: Annotated[
        str | None, typer.Option("--image", metavar="IMAGE", help="A picture to go by: a path, an address, or -.")
    ] = None,
    resolution: ResolutionOption = None,
    frames: Annotated[
        int | None, typer.Option("--frames", metavar="4|9|16", help="How many (version 2).", show_default="4")
    ] = None,
    quality: VersionQualityOption = None,
    api_version: ApiVersionOption = None,
) -> None:
    """Make a visual effect.

    --resolution asks for one picture (version 1 of the operation); --frames and --quality ask for a series (version 2).
    The results of a manifest are named effect-1, effect-2 by its lines, unless a line has an image or an output.

    Examples:

        aeforge effect -p "a blue explosion" --resolution 2K -o explosion.png

        aeforge effect -p "rising smoke" --frames 16 -o 'smoke/{n}.{ext}'

        aeforge effect --manifest effects.csv --resolution 2K -o out/
    """
    from aeforge_cli.commands.buying import chosen_quality
    from aeforge_cli.commands.ordering import buy_all

    terms.apply(session, quality=quality, jobs=listing.jobs)

    def make(sources: "Sequence[Picture]", each: "Wanted") -> "Operation":
        source, given = next(iter(sources), None), each.quality or quality
        version = version_for(
            api_version, first={"--resolution": resolution}, second={"--frames": frames, "--quality": given}
        )
        if version is ApiVersion.FIRST:
            return EffectV1(each.words, resolution or Resolution.ONE_K, source)
        number = min(EffectV2.FRAMES) if frames is None else frames
        return EffectV2(each.words, chosen_quality(session, each.quality), number, source)

    # In a list it is no line's own: their results are named after the lines.
    own, shared = (None, [image]) if image and listing.manifest else (image, [])
    buy_all(session, EffectV2, make, terms, listing, prompt=prompt, image=own, shared=shared)


# ------------------------------------------------------------------ what the sprites' commands need, too


def version_for(asked: ApiVersion | None, *, first: Mapping[str, object], second: Mapping[str, object]) -> ApiVersion:
    """The form of the operation that the options need; raises Usage where it does not know one of them.

    `first` and `second` are the options that only one of the forms knows; a value of None was not given.
    """
    needs_second = any(value is not None for value in second.values())
    version = asked or (ApiVersion.SECOND if needs_second else ApiVersion.FIRST)
    for name, value in (second if version is ApiVersion.FIRST else first).items():
        if value is not None:
            raise Usage(
                f"{name} is unknown to version {version} of the operation",
                hint=f"leave {name} out, or choose the version with --api-version",
            )
    return version
