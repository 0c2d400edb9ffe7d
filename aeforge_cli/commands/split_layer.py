"""`aeforge split-layer`: one element of a picture, on a layer of its own."""

from typing import Annotated

import typer

from aeforge_cli.api.operations import SplitLayer
from aeforge_cli.commands._shared.options import RunOptions, with_options
from aeforge_cli.commands._shared.recipes import Recipe
from aeforge_cli.commands._shared.run import submit_all
from aeforge_cli.commands._shared.sources import BatchOptions, InputOptions
from aeforge_cli.session import Session

RECIPES = (Recipe("split-layer", SplitLayer, lambda job: SplitLayer(job.image, job.words), words="keyword"),)


def register(tree: typer.Typer) -> None:
    tree.command("split-layer")(split_layer)


@with_options
def split_layer(
    session: Session,
    inputs: InputOptions,
    batch: BatchOptions,
    run: RunOptions,
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
    submit_all(session, RECIPES[0], run, batch, inputs, options={"prompt": keyword})
