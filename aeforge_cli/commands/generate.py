"""`aeforge generate`: a picture from a prompt."""

from typing import Annotated

import typer

from aeforge_cli.api.operations import AiModel, Generate
from aeforge_cli.commands._shared.options import RunOptions, prompt_option, with_options
from aeforge_cli.commands._shared.recipes import Image, Recipe
from aeforge_cli.commands._shared.run import submit_all
from aeforge_cli.commands._shared.sources import BatchOptions
from aeforge_cli.errors import Usage
from aeforge_cli.session import Session


def _model(text: str) -> AiModel:
    """A model by the service's name for it, in any case, its words apart or joined by hyphens."""
    wanted = text.lower().replace("-", " ").strip()
    for model in AiModel:
        if model.lower() == wanted:
            return model
    raise Usage(f"{text!r} is not a valid model", hint=f"choose one of {_MODEL_NAMES}")


_MODEL_NAMES = ", ".join(model.lower().replace(" ", "-") for model in AiModel)


RECIPES = (
    Recipe(
        "generate",
        Generate,
        lambda job: Generate(job.words, _required(job["model"]), tuple(job.pictures["ref"])),
        options={"model": _model},
        image=Image.NONE,
        pictures=("ref",),
    ),
)


def _required(model: AiModel | None) -> AiModel:
    if model is None:
        raise Usage("There is no model", hint=f"choose one with --model: {_MODEL_NAMES}")
    return model


def register(tree: typer.Typer) -> None:
    tree.command("generate")(generate)


@with_options
def generate(
    session: Session,
    batch: BatchOptions,
    run: RunOptions,
    model: Annotated[
        AiModel | None, typer.Option("--model", metavar="NAME", parser=_model, help=f"AI model: one of {_MODEL_NAMES}.")
    ] = None,
    prompt: Annotated[str | None, prompt_option("What to draw")] = None,
    ref: Annotated[
        list[str] | None, typer.Option("--ref", metavar="IMAGE", help="Reference image; repeatable.")
    ] = None,
) -> None:
    """Create an image from a prompt.

    References: grok-imagine takes up to 5, grok-imagine-pro 1, the others 10. Results of a manifest are named
    generate-1, generate-2 after its lines, unless a line has an output.

    Examples:

        aeforge generate -p "a lighthouse at dusk" --model nano-banana -o lighthouse.png

        aeforge generate -p "the same cat, sleeping" --model gpt-image-2 --ref cat.png -o asleep.png

        aeforge generate --manifest prompts.jsonl --model nano-banana -o out/
    """
    submit_all(session, RECIPES[0], run, batch, options={"prompt": prompt, "model": model, "ref": ref})
