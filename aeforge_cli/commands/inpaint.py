"""`aeforge inpaint`: a picture and a prompt in, a picture out."""

from typing import Annotated

import typer

from aeforge_cli.api.operations import Inpaint, Quality
from aeforge_cli.commands._shared.options import QualityOption, RunOptions, prompt_option, with_options
from aeforge_cli.commands._shared.recipes import Recipe, one_of
from aeforge_cli.commands._shared.run import submit_all
from aeforge_cli.commands._shared.sources import BatchOptions, InputOptions
from aeforge_cli.session import Session

RECIPES = (
    Recipe(
        "inpaint",
        Inpaint,
        lambda job: Inpaint(job.image, job.words, job.quality),
        options={"quality": one_of(Quality, "quality")},
    ),
)


def register(tree: typer.Typer) -> None:
    tree.command("inpaint")(inpaint)


@with_options
def inpaint(
    session: Session,
    inputs: InputOptions,
    batch: BatchOptions,
    run: RunOptions,
    prompt: Annotated[str | None, prompt_option("What to change, and where")] = None,
    quality: QualityOption = None,
) -> None:
    """Edit part of an image as a prompt describes.

    The prompt names the area and the change. Without -o, links to the results are printed.

    Examples:

        aeforge inpaint photo.png -p "Change background to blue sky" -o sky.png

        aeforge inpaint photo.png -p "Remove object in upper right corner" -o out/ --sandbox
    """
    submit_all(session, RECIPES[0], run, batch, inputs, options={"prompt": prompt, "quality": quality})
