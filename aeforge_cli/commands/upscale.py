"""`aeforge upscale`: a picture, made larger."""

from typing import Annotated

import typer

from aeforge_cli.api.operations import Resolution, Upscale
from aeforge_cli.commands._shared.options import RunOptions, with_options
from aeforge_cli.commands._shared.sources import BatchOptions, InputOptions
from aeforge_cli.session import Session


def register(tree: typer.Typer) -> None:
    tree.command("upscale")(upscale)


@with_options
def upscale(
    session: Session,
    pictures: InputOptions,
    listing: BatchOptions,
    terms: RunOptions,
    scale: Annotated[
        Resolution, typer.Option("--scale", case_sensitive=False, help="Long side: 1024, 2048 or 4096 pixels.")
    ] = Resolution.TWO_K,
) -> None:
    """Enlarge an image.

    Examples:

        aeforge upscale photo.png --scale 4K -o large.png

        aeforge upscale photos/ -o large/ -j 32 --resume
    """
    from aeforge_cli.commands._shared.ordering import buy_all

    terms.apply(session, jobs=listing.jobs)
    buy_all(session, Upscale, lambda sources, _: Upscale(sources[0], scale), terms, listing, pictures)
