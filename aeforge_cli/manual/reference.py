"""What is true of every command: exit codes, error words, variables and files, for the help, man pages and wrappers."""

from collections.abc import Iterator
from dataclasses import dataclass

from aeforge_cli.config.catalogue import SETTINGS
from aeforge_cli.errors import AeforgeError, Exit, Failure, RefusedByAccount

EXIT_CODES: dict[int, str] = {
    Exit.DONE: "Done: the job succeeded, and every file asked for is complete on disk.",
    Exit.UNEXPECTED: "An answer that makes no sense, or a bug.",
    Exit.USAGE: "The request makes no sense: nothing was sent, or the service said 400 or 422.",
    Exit.JOB_FAILED: "The service tried and failed.",
    Exit.NOT_ALLOWED: "Not allowed: no key, a key that is not accepted, or one without a user.",
    Exit.UNREACHABLE: "The service could not be reached, or kept failing.",
    Exit.PARTIAL: "Several jobs: some done, some not. If all fail the same way, that way's code.",
    Exit.REFUSED: "The account refuses (credits, quota, rate limit after all retries), or a limit of yours does.",
    Exit.STILL_RUNNING: "Still running when patience ended; nothing is lost.",
    Exit.CANNOT_SAVE: "Cannot save.",
    Exit.SUBMIT_UNKNOWN: "Sent, but the answer was lost: a job may exist and be billed; not sent again.",
    129: "Ended by a closed terminal.",
    130: "Ended by Ctrl-C.",
    Exit.STDOUT_CLOSED: "Nobody read standard output any more.",
    143: "Ended by SIGTERM.",
}

ERROR_WORDS = {
    "internal_error": "a bug in aeforge",
    "unexpected_answer": "the service answered something that fits no description of it",
    "journal_damaged": "the journal cannot be read; it was set aside, not deleted",
    "journal_busy": "another process keeps the journal to itself",
    "usage": "the command line, or a value in it, makes no sense",
    "config_invalid": "the config file cannot be read",
    "file_not_found": "an input does not exist, or cannot be read",
    "not_an_image": "an input is no picture, judged by its content",
    "rejected": "the service refused the request: sending the same again will not help",
    "job_not_found": "the service does not know the job",
    "job_failed": "the job ended as Failed",
    "result_not_an_image": "the service delivered something that is no picture",
    "not_signed_in": "there is no API key",
    "key_rejected": "the service does not accept the API key",
    "account_not_found": "the API key has no user",
    "unreachable": "no connection to the service",
    "service_error": "the service kept failing",
    "result_unavailable": "the job succeeded, but its result cannot be fetched",
    "journal_unreachable": "the journal is on a server that cannot be reached or used",
    "partial": "some of several jobs did not succeed",
    "payment_required": "the account has no credits",
    "rate_limited": "too many requests, after all retries",
    "limit_reached": "a limit that you set",
    "still_running": "patience ended before the job did",
    "cannot_save": "a file or folder cannot be written",
    "output_exists": "an output exists, and --overwrite was not given",
    "submit_unknown": "the request was delivered, the answer was not",
    "interrupted": "a signal ended the command",
}


@dataclass(frozen=True)
class ErrorWord:
    """A stable word of the `error` object that --json writes."""

    code: str
    meaning: str
    exit: int | None
    retryable: bool


def error_words() -> tuple[ErrorWord, ...]:
    """All of them, by exit code; an interruption exits with 128 and its signal's number."""
    found = {kind.code: kind for kind in _kinds(Failure) if kind not in (AeforgeError, RefusedByAccount)}
    ordered = sorted(found.values(), key=lambda kind: (kind.code == "interrupted", kind.exit))
    return tuple(
        ErrorWord(
            kind.code, ERROR_WORDS[kind.code], None if kind.code == "interrupted" else int(kind.exit), kind.retryable
        )
        for kind in ordered
    )


def _kinds(kind: type[Failure]) -> Iterator[type[Failure]]:
    for below in kind.__subclasses__():
        yield below
        yield from _kinds(below)


ENVIRONMENT = {
    "AEFORGE_API_KEY": "The API key; wins over a stored one, and is never written anywhere.",
    **{
        setting.variable: f"For --{setting.name.replace('_', '-')}: {setting.help} (default: {setting.default})."
        for setting in SETTINGS.values()
    },
    "AEFORGE_PROFILE": "The profile that is used without --profile.",
    "AEFORGE_CONFIG_DIR": "The folder of config.toml.",
    "AEFORGE_STATE_DIR": "The folder of the journal.",
    "AEFORGE_NO_HISTORY": "With 1 the journal keeps ids and hashes, but no prompts and no file names.",
    "HTTPS_PROXY, NO_PROXY": "Through which proxy, and what not through it.",
    "REQUESTS_CA_BUNDLE, SSL_CERT_FILE": "A file of certificates to trust in place of the built-in ones.",
    "NO_COLOR, FORCE_COLOR": "No colour, or colour even where there is no terminal; never on standard output.",
    "CI": "Where set, nothing on standard error moves.",
    "GITHUB_ACTIONS": "With true, failures are also annotations, and the job's summary gets a table of the results.",
}

FILES = {
    "~/.config/aeforge/config.toml": "Profiles: keys and settings, private to you. macOS: ~/Library/Application"
    " Support/aeforge. Windows: %LOCALAPPDATA%\\aeforge.",
    "~/.local/state/aeforge/jobs.sqlite3": "The journal: what was bought, and what became of it. macOS and Windows: in"
    " the folder named above.",
    "~/.local/state/aeforge/pending-jobs": "The ids of jobs that are not finished, for completion in shells.",
}

SCRIPTING = (
    (
        "Standard output is the result and nothing else: links without -o, saved paths with it, the job id with"
        " --no-wait. All else is on standard error. With --json each job is one object on one line of standard output,"
        " and a failure is one object on the last line of standard error."
    ),
    (
        "Decide by the exit code, and by the stable word in error.code; see aeforge help exit-codes and aeforge help"
        " errors. `retryable` says whether the same command may be run again later."
    ),
    (
        "Running the same command again goes on with an unfinished job instead of buying another; --new buys another."
        " After exit 10 look at the service's dashboard before you do."
    ),
    (
        "Nothing asks a question where there is no terminal. One variable, AEFORGE_API_KEY, is all the set-up there is;"
        " --sandbox needs none, and costs nothing."
    ),
)
SCRIPTING_EXAMPLES = (
    'url=$(aeforge inpaint photo.png -p "Change background to blue sky")',
    "aeforge inpaint photo.png -p \"blue sky\" -o sky.png --json | jq -r '.files[].path'",
    'id=$(aeforge inpaint photo.png -p "blue sky" --no-wait) && aeforge job wait "$id" -o sky.png',
)

TOPICS = {
    "exit-codes": "What each exit code means.",
    "errors": "The stable words for what can go wrong.",
    "environment": "The variables that are read, and the files that are kept.",
    "scripting": "How to call aeforge from scripts and pipelines.",
}
