"""`aeforge effect`: a visual effect, as one picture or as frames."""

from typing import Annotated

import typer

from aeforge_cli.api.operations import EffectV1, EffectV2, Operation, Quality, Resolution
from aeforge_cli.commands._shared.options import RunOptions, prompt_option, with_options
from aeforge_cli.commands._shared.recipes import Image, Recipe, Values, one_of, whole_number
from aeforge_cli.commands._shared.run import submit_all
from aeforge_cli.commands._shared.sources import BatchOptions
from aeforge_cli.commands._shared.versions import (
    ApiVersion,
    ApiVersionOption,
    ResolutionOption,
    VersionQualityOption,
    version_for,
)
from aeforge_cli.session import Session


def _make(job: Values) -> Operation:
    version = version_for(
        job["api_version"],
        first={"--resolution": job["resolution"]},
        second={"--frames": job["frames"], "--quality": job["quality"]},
    )
    source = job.optional("image")
    if version is ApiVersion.FIRST:
        return EffectV1(job.words, job["resolution"] or Resolution.ONE_K, source)
    frames = min(EffectV2.FRAMES) if job["frames"] is None else job["frames"]
    return EffectV2(job.words, job.quality, frames, source)


RECIPES = (
    Recipe(
        "effect",
        EffectV2,
        _make,
        options={
            "resolution": one_of(Resolution, "resolution"),
            "frames": whole_number,
            "quality": one_of(Quality, "quality"),
            "api_version": one_of(ApiVersion, "version"),
        },
        image=Image.OPTIONAL,
        either=(frozenset({"resolution"}), frozenset({"quality", "frames"})),
    ),
)


def register(tree: typer.Typer) -> None:
    tree.command("effect")(effect)


@with_options
def effect(
    session: Session,
    batch: BatchOptions,
    run: RunOptions,
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
    options = {
        "prompt": prompt,
        "resolution": resolution,
        "frames": frames,
        "quality": quality,
        "api_version": api_version,
    }
    if batch.manifest and image:  # shared by all lines, whose results are named after the lines
        options["image"] = image
    submit_all(session, RECIPES[0], run, batch, options=options, image=None if batch.manifest else image)
