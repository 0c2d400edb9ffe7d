"""`aeforge upscale`: a picture, made larger."""

from typing import Annotated

import typer

from aeforge_cli.api.operations import Resolution, Upscale
from aeforge_cli.commands._shared.options import RunOptions, with_options
from aeforge_cli.commands._shared.recipes import Recipe, one_of
from aeforge_cli.commands._shared.run import submit_all
from aeforge_cli.commands._shared.sources import BatchOptions, InputOptions
from aeforge_cli.session import Session

RECIPES = (
    Recipe(
        "upscale",
        Upscale,
        lambda job: Upscale(job.image, job["scale"] or Resolution.TWO_K),
        options={"scale": one_of(Resolution, "scale")},
        words=None,
    ),
)


def register(tree: typer.Typer) -> None:
    tree.command("upscale")(upscale)


@with_options
def upscale(
    session: Session,
    inputs: InputOptions,
    batch: BatchOptions,
    run: RunOptions,
    scale: Annotated[
        Resolution, typer.Option("--scale", case_sensitive=False, help="Long side: 1024, 2048 or 4096 pixels.")
    ] = Resolution.TWO_K,
) -> None:
    """Enlarge an image.

    Examples:

        aeforge upscale photo.png --scale 4K -o large.png

        aeforge upscale photos/ -o large/ -j 32 --resume
    """
    submit_all(session, RECIPES[0], run, batch, inputs, options={"scale": scale})
