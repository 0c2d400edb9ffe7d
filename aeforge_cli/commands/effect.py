"""`aeforge effect`: a visual effect, as one picture or as frames."""

from typing import TYPE_CHECKING, Annotated

import typer

from aeforge_cli.api.operations import EffectV1, EffectV2, Resolution
from aeforge_cli.commands._shared.options import RunOptions, prompt_option, with_options
from aeforge_cli.commands._shared.sources import BatchOptions
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


def register(tree: typer.Typer) -> None:
    tree.command("effect")(effect)


@with_options
def effect(
    session: Session,
    listing: BatchOptions,
    terms: RunOptions,
    prompt: Annotated[str | None, prompt_option("Effect to draw")] = None,
    image: Annotated[
        str | None, typer.Option("--image", metavar="IMAGE", help="Reference image: a file, a URL, or - for stdin.")
    ] = None,
    resolution: ResolutionOption = None,
    frames: Annotated[
        int | None, typer.Option("--frames", metavar="4|9|16", help="Number of frames (version 2).", show_default="4")
    ] = None,
    quality: VersionQualityOption = None,
    api_version: ApiVersionOption = None,
) -> None:
    """Create a visual effect.

    --resolution selects version 1 of the operation, which returns one image; --frames and --quality select version 2,
    which returns a series. Results of a manifest are named effect-1, effect-2 after its lines, unless a line has an
    image or an output.

    Examples:

        aeforge effect -p "a blue explosion" --resolution 2K -o explosion.png

        aeforge effect -p "rising smoke" --frames 16 -o 'smoke/{n}.{ext}'

        aeforge effect --manifest effects.csv --resolution 2K -o out/
    """
    from aeforge_cli.commands._shared.buying import chosen_quality
    from aeforge_cli.commands._shared.ordering import buy_all

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
