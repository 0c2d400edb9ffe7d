"""Instructions for the assistants that people let drive command-line tools, written from the command tree."""

from collections.abc import Iterator, Sequence

from aeforge_cli import __version__
from aeforge_cli.errors import Exit
from aeforge_cli.manual.reference import EXIT_CODES
from aeforge_cli.manual.tree import Command

# By it a file is known to be ours, and may be replaced by a newer one.
MARK = "<!-- Written by: aeforge skill"
_RULES = (
    "Real jobs cost the user money. Try every new kind of command with `--sandbox` first: no key, no cost.",
    (
        "Before submitting, run the same command with `--dry-run`: it checks everything, prints the request and "
        "the price where it is known, and sends nothing. Tell the user how many jobs there will be, and what they "
        "cost."
    ),
    (
        "Always pass `-o` and `--json`. Standard output then holds one JSON object per job; the saved files are "
        "in `files[].path`. A failure is one JSON object on the last line of standard error, with `code`, `hint` "
        "and `retryable`."
    ),
    (
        "Never pass `--new` unless the user asks for another job. The same command again resumes an unfinished "
        "job and does not pay twice."
    ),
    (
        "Never pass `--yes`, `--overwrite` or a higher `--max-jobs` unless the user asks for it. A budget that "
        "the user has set is a limit: do not change it, and do not split work to get around it. `aeforge config get "
        "budget` shows it, `aeforge usage --json` what was submitted and what it cost. Pass `--budget 20/day` or "
        "`--max-jobs 20` to stay below a limit that the user names."
    ),
    (
        "Never ask for the API key, print it, or pass it as an argument. Without a key (exit 4), ask the user to "
        "run `aeforge auth login`."
    ),
)
_CODES = {
    Exit.STILL_RUNNING: "The job continues at the service and is already paid for. Fetch it with the command in `hint`,"
    " or run the same command again. Never submit a new one.",
    Exit.SUBMIT_UNKNOWN: "A job may exist and be charged. Stop, and ask the user to check the dashboard. Do not retry,"
    " and do not pass `--new`.",
    Exit.REFUSED: "Credits, quota, rate limit or a limit of the user. Stop and report it.",
    Exit.PARTIAL: "Some jobs succeeded. Run the same command with `--resume`: it does only what is missing.",
}


def page(tree: Command, *, of_jobs: Sequence[str], of_files: Sequence[str], front_matter: bool) -> str:
    """The page in Markdown; the names are those of JSON's fields, `front_matter` is what skills begin with."""
    return "\n".join([*(_front_matter() if front_matter else ()), *_body(tree, of_jobs, of_files)])


def _front_matter() -> Iterator[str]:
    yield "---"
    yield "name: aeforge"
    yield (
        "description: Edit and create images with AetherForge from the command line (inpaint, upscale, split layers,"
        " generate, effects, sprites). Use it when the user wants images edited or made with aeforge."
    )
    yield "---"


def _body(tree: Command, of_jobs: Sequence[str], of_files: Sequence[str]) -> Iterator[str]:
    yield f"{MARK}, version {__version__}. Changes are lost when it is written again. -->"
    yield "# aeforge"
    yield ""
    yield tree.summary
    yield ""
    yield "## Rules"
    yield ""
    yield from (f"{number}. {rule}" for number, rule in enumerate(_RULES, 1))
    yield ""
    yield "## Order of work"
    yield ""
    yield "```sh"
    yield 'aeforge inpaint photo.jpg -p "Change background to blue sky" -o sky.png --json --sandbox'
    yield 'aeforge inpaint photo.jpg -p "Change background to blue sky" -o sky.png --json --dry-run'
    yield 'aeforge inpaint photo.jpg -p "Change background to blue sky" -o sky.png --json'
    yield "aeforge job list --pending --json"
    yield "```"
    yield ""
    yield "## Commands"
    yield ""
    yield from (f"- `{command.usage}`: {command.summary}" for command in tree.walk() if not command.commands)
    yield ""
    yield "`aeforge COMMAND --help` has examples; `aeforge help --json` has every option, type and default."
    yield ""
    yield "## Result"
    yield ""
    yield f"Fields of a job: {_listed(of_jobs)}. Fields of each of its `files`: {_listed(of_files)}."
    yield ""
    yield "## Exit codes"
    yield ""
    for code, meaning in EXIT_CODES.items():
        advice = f" **{_CODES[Exit(code)]}**" if code in _CODES else ""
        yield f"- {int(code)}: {meaning}{advice}"
    yield ""


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
