"""What is true of every command: exit codes, error words, variables and files, for the help, man pages and wrappers."""

from collections.abc import Iterator

from aeforge_cli.config.catalogue import SETTINGS
from aeforge_cli.dataclass import dataclass
from aeforge_cli.errors import AeforgeError, Exit, Failure, RefusedByAccount

EXIT_CODES: dict[int, str] = {
    Exit.DONE: "Done: the job succeeded, and every file asked for is complete on disk.",
    Exit.UNEXPECTED: "An invalid response from the service, or a bug.",
    Exit.USAGE: "Invalid request: nothing was sent, or the service answered 400 or 422.",
    Exit.JOB_FAILED: "The job failed at the service.",
    Exit.NOT_ALLOWED: "Not allowed: no key, or a key that the service does not accept.",
    Exit.UNREACHABLE: "The service could not be reached, or kept failing.",
    Exit.PARTIAL: "Some of several jobs did not succeed. If all fail the same way: the code of that failure.",
    Exit.REFUSED: "Refused by the account (credits, quota, rate limit after all retries), or by a limit of yours.",
    Exit.STILL_RUNNING: "The job was still running when the timeout expired; it continues, and nothing is lost.",
    Exit.CANNOT_SAVE: "A result could not be saved.",
    Exit.SUBMIT_UNKNOWN: "Sent, but the answer was lost: a job may exist and be charged. It is not sent again.",
    129: "Ended by a closed terminal.",
    130: "Ended by Ctrl-C.",
    Exit.STDOUT_CLOSED: "Standard output was closed.",
    143: "Ended by SIGTERM.",
}

ERROR_WORDS = {
    "internal_error": "a bug in aeforge",
    "unexpected_answer": "the response does not match the API",
    "journal_damaged": "the journal cannot be read; it was set aside, not deleted",
    "journal_busy": "another process holds the journal",
    "usage": "the command line, or a value in it, is not valid",
    "config_invalid": "the config file cannot be read, or has a value that is not valid",
    "file_not_found": "an input does not exist, or cannot be read",
    "not_an_image": "an input is not an image, judged by its content",
    "rejected": "the service refused the request; sending it again will not help",
    "job_not_found": "the service does not know the job",
    "job_failed": "the job ended as Failed",
    "result_not_an_image": "a result is not an image",
    "not_signed_in": "there is no API key",
    "key_rejected": "the service does not accept the API key",
    "account_not_found": "the API key belongs to no user",
    "unreachable": "no connection to the service",
    "service_error": "the service kept failing",
    "result_unavailable": "the job succeeded, but its result cannot be downloaded",
    "journal_unreachable": "the journal is on a server that cannot be reached or used",
    "partial": "some of several jobs did not succeed",
    "blocked": "a job was not submitted, because another whose result it needs failed",
    "payment_required": "the account has no credits",
    "rate_limited": "too many requests, after all retries",
    "limit_reached": "a limit that you set was reached",
    "still_running": "the timeout expired before the job ended",
    "cannot_save": "a file or folder cannot be written",
    "output_exists": "an output exists, and --overwrite was not given",
    "submit_unknown": "the request was sent, but the answer was lost",
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
        setting.variable: f"{setting.help}." + (f" Default: {setting.default}." if setting.default else "")
        for setting in SETTINGS.values()
    },
    "AEFORGE_PROFILE": "Profile to use where --profile is not given.",
    "AEFORGE_CONFIG_DIR": "Folder of config.toml.",
    "AEFORGE_STATE_DIR": "Folder of the journal.",
    "AEFORGE_NO_HISTORY": "With 1, the journal keeps ids and hashes, but no prompts or file names.",
    "HTTPS_PROXY, NO_PROXY": "The proxy, and the hosts to reach without it.",
    "REQUESTS_CA_BUNDLE, SSL_CERT_FILE": "File of certificates to trust instead of the built-in ones.",
    "NO_COLOR, FORCE_COLOR": "Colour on standard error: never, or even without a terminal.",
    "CI": "If set, progress is printed as plain lines.",
    "GITHUB_ACTIONS": "With true, failures are also annotations, and the job summary gets a table of results.",
}
PRECEDENCE = (
    "An option wins over its variable, that over the profile in the config file, and that over the default;"
    " aeforge config list shows every setting, and where its value comes from."
)
ERROR_OBJECT = (
    'With --json, the last line on standard error is {"error": {...}} with the fields code, message, hint, job_id,'
    " http_status, retryable and exit."
)

FILES = {
    "~/.config/aeforge/config.toml": "Profiles: keys and settings, private to you. macOS: ~/Library/Application"
    " Support/aeforge. Windows: %LOCALAPPDATA%\\aeforge.",
    "~/.local/state/aeforge/jobs.sqlite3": "The journal: every job and its outcome. macOS and Windows: in the"
    " folder named above.",
    "~/.local/state/aeforge/untaken": "The ids of paid jobs that the journal could not record yet.",
    "~/.local/state/aeforge/pending-jobs": "The ids of unfinished jobs, for completion in shells.",
}

SCRIPTING = (
    (
        "Standard output is the result and nothing else: links without -o, saved paths with it, the job id with"
        " --no-wait. All else goes to standard error. With --json each job is one object on one line of standard"
        " output, and a failure is one object on the last line of standard error."
    ),
    (
        "Branch on the exit code, and on the stable word in error.code: aeforge help exit-codes, aeforge help errors."
        " `retryable` says whether the same command may succeed later."
    ),
    (
        "The same command again resumes an unfinished job instead of submitting another; --new submits another. After"
        " exit 10, check the service's dashboard before you use it."
    ),
    (
        "Without a terminal nothing prompts. One variable, AEFORGE_API_KEY, is the whole setup; --sandbox needs no key"
        " and costs nothing."
    ),
)
SCRIPTING_EXAMPLES = (
    'url=$(aeforge inpaint photo.png -p "Change background to blue sky")',
    "aeforge inpaint photo.png -p \"blue sky\" -o sky.png --json | jq -r '.files[].path'",
    'id=$(aeforge inpaint photo.png -p "blue sky" --no-wait) && aeforge job wait "$id" -o sky.png',
)

TOPICS = {
    "exit-codes": "Exit codes.",
    "errors": "Error codes, as in error.code of --json.",
    "environment": "Environment variables and files.",
    "scripting": "How to call aeforge from scripts and pipelines.",
    "manifest": "How to list many jobs in a file.",
    "output": "Names of saved results, and formats of what is printed.",
}

MANIFEST = (
    (
        "A manifest has one job per line: JSON Lines, or CSV with a header. The columns are image, prompt, output, and"
        " the options of the operation, listed below; a column that the operation does not know is refused."
    ),
    (
        "What a line leaves out comes from the command line. Relative images are looked up from the current folder; a"
        " relative output is placed inside -o DIR/ if that is given. A line without an image is named after its number."
    ),
)
MANIFEST_EXAMPLES = (
    'echo \'{"image": "a.jpg", "prompt": "blue sky", "output": "a-sky.png"}\' | aeforge inpaint --manifest - -o out/',
    "aeforge inpaint --manifest jobs.csv -o out/ --dry-run",
    "aeforge inpaint --manifest jobs.csv -o out/ --resume",
)

NAMING = {
    "{stem} {name} {ext}": "Name of the image without its suffix, with it, and the suffix of the result.",
    "{n}": "Number of the result, from 1.",
    "{job_id} {operation} {date}": "Id of the job, the command, and today's date.",
}
NAMING_TEXT = (
    "-o FILE saves one result; -o DIR/ saves each under the name of its image; a template such as"
    " 'out/{stem}-{n}.{ext}' builds the path from fields. Several results of one job are numbered -1, -2 before the"
    " suffix. Names sent by the server are never used."
)
FORMATS = {
    "text": "Saved paths, else links, else the job id; tables for lists.",
    "json": "One object per line, as --json prints it. No field is ever left out.",
    "csv": "A header, and a row for each file, else for each link, else for the job.",
    "'{job_id} {path}'": "A template of the fields of JSON and CSV, with \\t and \\n; a line for each file or link.",
}
