"""`aeforge split-layer`: one element of a picture, on a layer of its own."""

from typing import TYPE_CHECKING, Annotated

import typer

from aeforge_cli.api.operations import SplitLayer
from aeforge_cli.commands._shared.options import RunOptions, with_options
from aeforge_cli.commands._shared.sources import BatchOptions, InputOptions
from aeforge_cli.session import Session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aeforge_cli.files.picture import Picture
    from aeforge_cli.jobs.manifest import Wanted


def register(tree: typer.Typer) -> None:
    tree.command("split-layer")(split_layer)


@with_options
def split_layer(
    session: Session,
    pictures: InputOptions,
    listing: BatchOptions,
    terms: RunOptions,
    keyword: Annotated[
        str | None,
        typer.Option("--keyword", "-k", metavar="WORD", help="Element to separate, such as arm; @FILE reads it."),
    ] = None,
) -> None:
    """Separate one element of an image into its own layer.

    A job returns several images: give -o a folder or a template, or they are numbered -1, -2 before the suffix. In a
    manifest, the keyword is the prompt.

    Examples:

        aeforge split-layer character.png -k arm -o layers/

        aeforge split-layer characters/ -k body -o 'layers/{stem}/{n}.{ext}'
    """
    from aeforge_cli.commands._shared.ordering import buy_all

    terms.apply(session, jobs=listing.jobs)

    def make(sources: "Sequence[Picture]", each: "Wanted") -> SplitLayer:
        return SplitLayer(sources[0], each.words)

    buy_all(session, SplitLayer, make, terms, listing, pictures, prompt=keyword)
