"""`aeforge generate`: a picture from a prompt."""

from typing import TYPE_CHECKING, Annotated

import typer

from aeforge_cli.api.operations import AiModel, Generate
from aeforge_cli.commands._shared.options import RunOptions, prompt_option, with_options
from aeforge_cli.commands._shared.sources import BatchOptions
from aeforge_cli.session import Session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aeforge_cli.files.picture import Picture
    from aeforge_cli.jobs.manifest import Wanted


def register(tree: typer.Typer) -> None:
    tree.command("generate")(generate)


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
    listing: BatchOptions,
    terms: RunOptions,
    model: Annotated[
        AiModel, typer.Option("--model", metavar="NAME", parser=_model, help=f"AI model: one of {_MODEL_NAMES}.")
    ],
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
    from aeforge_cli.commands._shared.ordering import buy_all

    terms.apply(session, jobs=listing.jobs)

    def make(references: "Sequence[Picture]", each: "Wanted") -> Generate:
        return Generate(each.words, model, tuple(references))

    buy_all(session, Generate, make, terms, listing, prompt=prompt, shared=ref or ())
