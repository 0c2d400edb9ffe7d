"""`aeforge job`: jobs that were submitted: checked, waited for, listed, shown, and carried to other machines."""

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from aeforge_cli.api.responses import Failed, JobId, JobStatus, Pending, Succeeded, is_job_id
from aeforge_cli.commands._shared.checks import check_places
from aeforge_cli.commands._shared.options import (
    AccountOptions,
    OutputOptions,
    TimeoutOption,
    VerbosityOptions,
    WaitingOptions,
    with_options,
)
from aeforge_cli.commands._shared.plan import delivery
from aeforge_cli.commands._shared.results import preview, show
from aeforge_cli.commands._shared.sources import as_utf8
from aeforge_cli.commands._shared.summary import Summary
from aeforge_cli.errors import CannotSave, JobStillRunning, Partial, Usage, resume_command
from aeforge_cli.files.atomic import SavedFile
from aeforge_cli.files.collisions import OutputCollisions
from aeforge_cli.files.destination import Naming
from aeforge_cli.files.inputs import label_of
from aeforge_cli.files.texts import lines_of, text_of
from aeforge_cli.jobs.delivery import Delivery
from aeforge_cli.jobs.lifecycle import Job, job_failed
from aeforge_cli.jobs.lookup import Found, FoundBy, job_of, known_job_id
from aeforge_cli.jobs.results import JobResult
from aeforge_cli.journal.interface import MILLION, Journal, NoJournal, Row
from aeforge_cli.output.tables import journal_columns
from aeforge_cli.output.untrusted import clean
from aeforge_cli.phrases import count, size
from aeforge_cli.session import Session

IdsArgument = Annotated[list[str], typer.Argument(metavar="ID...", help="Job ids, their first characters, or @last.")]


def register(tree: typer.Typer) -> None:
    job = typer.Typer(help="Check, wait for, list and explain jobs.")
    job.command("status")(status)
    job.command("wait")(wait)
    job.command("list")(list_)
    job.command("show")(show_)
    job.command("verify")(verify)
    job.command("export")(export)
    job.command("import")(import_)
    job.command("prune")(prune)
    tree.add_typer(job, name="job")


@with_options
def status(
    session: Session,
    ids: IdsArgument,
    service: AccountOptions,
    verbosity: VerbosityOptions,
    timeout: TimeoutOption = None,
) -> None:
    """Check jobs once, without waiting.

    The exit code is the job's status: 0 Succeed, 3 Failed, 8 Pending; 2 for a job that the service does not know.

    Examples:

        aeforge job status @last

        aeforge job status 550e8400-e29b-41d4-a716-446655440000 --json
    """
    verbosity.apply(session)
    session.console.expect_jobs()
    service.apply(session, timeout=timeout)
    lifecycle = session.lifecycle()
    jobs = _jobs(session, ids)
    summary = Summary(session.console, len(jobs), again="aeforge job list")
    for job in jobs:
        with summary.counted():
            found = lifecycle.check(job)
            session.console.status(_result(session, job, found))
            _raise_unless_succeeded(job.job_id, found)
    summary.conclude()


@with_options
def wait(
    session: Session,
    ids: IdsArgument,
    output: OutputOptions,
    waiting: WaitingOptions,
    service: AccountOptions,
    verbosity: VerbosityOptions,
) -> None:
    """Wait for jobs, and save their results with -o.

    Several jobs are polled at once; each result is printed as soon as it is ready. An empty list of ids on standard
    input is accepted.

    Examples:

        aeforge job wait @last -o out.png

        aeforge job list --pending --json | jq -r .job_id | aeforge job wait - -o 'out/{job_id}.{ext}'
    """
    verbosity.apply(session)
    session.console.expect_jobs()
    output.apply(session)
    service.apply(session, timeout=waiting.timeout)
    jobs = _jobs(session, ids)
    check_places(session, output, several=len(jobs) > 1)
    planned = {job: _planned(session, job, output) for job in jobs}
    OutputCollisions(
        each.destination.names(each.naming) for each in planned.values() if each and each.destination
    ).check()
    lifecycle = session.lifecycle(interval=waiting.interval)
    until = session.clock.monotonic() + lifecycle.timeout
    again = resume_command(" ".join(job.job_id for job in jobs))
    summary = Summary(session.console, len(jobs), again=again)
    for job, end in lifecycle.wait_for_all(jobs, until):
        with summary.counted():
            urls = end().urls
            wanted = planned[job]
            files = lifecycle.save(job, urls, wanted, until) if wanted else []
            result = _result(session, job, Succeeded(urls), files)
            session.console.finished(result)
            preview(session, result, output)
            show(result, output)
    summary.conclude()


def _planned(session: Session, job: Job, output: OutputOptions) -> Delivery | None:
    """Where one job's results go; checked before anything is waited for."""
    row = session.journal.by_job_id(job.job_id)
    name = (row and row.input) or job.job_id
    day = date.fromisoformat(row.created[:10]) if row else session.clock.now().date()
    naming = Naming(name.rpartition("/")[2] or name, row.operation if row else "job", day, job_id=job.job_id)
    planned = delivery(session, naming, output)
    target = planned.destination if planned else None
    if target and not (output.skip_existing and target.taken(naming)):
        target.check(naming)
    return planned


def _jobs(session: Session, ids: Sequence[str]) -> list[Job]:
    """The jobs that were named, each once; `-` reads ids from standard input."""
    _ = session.key  # without one the service will not say anything
    texts = [word for text in ids for word in (_listed_ids() if text == "-" else [text])]
    jobs: dict[str, Job] = {}
    for text in texts:
        job_id = known_job_id(session.journal, text)
        if not is_job_id(job_id):
            raise Usage(f"{text!r} is not a valid job id", hint="aeforge job list shows the jobs of this journal")
        row = session.journal.by_job_id(job_id)
        jobs[job_id] = Job(JobId(job_id), row.number if row else 0, attached=row is not None)
    return list(jobs.values())


def _listed_ids() -> list[str]:
    return text_of("-", hint="aeforge job list --format '{job_id}' writes ids", errors="replace").split()


def _result(session: Session, job: Job, found: JobStatus, files: Sequence[SavedFile] = ()) -> JobResult:
    row = session.journal.by_job_id(job.job_id)
    return JobResult(
        job_id=job.job_id,
        status=_word(found),
        operation=row.operation if row else None,
        input=row.input if row else None,
        image_urls=found.urls if isinstance(found, Succeeded) else (),
        files=tuple(files),
        attached=job.attached,
    )


def _word(found: JobStatus) -> str:
    """The service's word for the state."""
    match found:
        case Succeeded():
            return "Succeed"
        case Failed():
            return "Failed"
        case Pending(status):
            return status


def _raise_unless_succeeded(job_id: JobId, found: JobStatus) -> None:
    match found:
        case Failed(reason):
            raise job_failed(job_id, reason)
        case Pending(status):
            raise JobStillRunning(
                f"Job {job_id} is still running", why=f"it is {status}", hint=resume_command(job_id), job_id=job_id
            )
        case Succeeded():
            pass


@with_options
def list_(
    session: Session,
    verbosity: VerbosityOptions,
    pending: Annotated[bool, typer.Option("--pending", help="Only unfinished jobs.")] = False,
    failed: Annotated[bool, typer.Option("--failed", help="Only jobs that failed.")] = False,
    search: Annotated[str, typer.Option("--search", metavar="TEXT", help="Only jobs that mention TEXT.")] = "",
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="Number of jobs to list.", show_default="all")
    ] = None,
) -> None:
    """List the jobs submitted from this machine, newest first.

    The list is local: the service has none. On a terminal, ids are cut to a beginning that is enough
    for `aeforge job wait`. States: submitting; accepted (the job runs); succeeded (its results are not saved here);
    saved; failed; rejected (the service refused it); not_sent; unknown (sent, but the answer was lost: it may have been
    charged); lost (the service no longer knows it).

    Examples:

        aeforge job list --pending

        aeforge job list --search sky --limit 5 --json
    """
    verbosity.apply(session)
    found = session.journal.rows(pending=pending, failed=failed, search=as_utf8(search), limit=limit)
    rows = [row_values(row) for row in found]
    session.console.rows(rows, journal_columns(rows, session.clock.now()), fields=SHOWN)


# What `job list` shows of a row.
SHOWN = (
    "job_id",
    "state",
    "operation",
    "input",
    "prompt",
    "output",
    "service",
    "created",
    "updated",
    "files",
    "reason",
)


def row_values(row: Row) -> dict[str, object]:
    """A row of the journal as it is printed: no field is ever left out."""
    from dataclasses import asdict

    files = [asdict(file) | {"path": file.path or None} for file in row.files]
    return {name: getattr(row, name) for name in SHOWN} | {"state": str(row.state), "files": files}


# ------------------------------------------------------------------ which job made a file


@with_options
def show_(
    session: Session,
    name: Annotated[str, typer.Argument(metavar="FILE|ID", help="A saved file, a job id, its beginning, or @last.")],
    verbosity: VerbosityOptions,
) -> None:
    """Show which job made a file: prompt, inputs, options, price.

    A file is found by its content, under any name; then by the path it was saved to; then by the job id. Nothing is
    sent, and no key is needed.

    Examples:

        aeforge job show art/fox.png

        aeforge job show @last --json | jq -r .prompt
    """
    verbosity.apply(session)
    found = job_of(session.journal, name)
    if found.by is FoundBy.PATH and Path(name).exists():
        session.console.note(f"{name} has changed since this job saved it")
    values = _shown(found)
    session.console.record(values, text=[clean(line, _LONGEST_LINE) for line in _described(values)])


_LONGEST_LINE = 8192
_DETAILS = ("fields", "inputs", "version")


def _shown(found: Found) -> dict[str, object]:
    """All that is known of a job; no field is ever left out."""
    row = found.row
    more: dict[str, object] = {name: getattr(row, name) for name in ("account", "profile", "quality", "host", "unit")}
    more |= {name: row.details.get(name) for name in _DETAILS}
    price = None if row.price is None else row.price / MILLION
    return row_values(row) | more | {"price": price, "found_by": str(found.by)}


def _described(values: "dict[str, object]") -> Iterator[str]:
    """The lines for people: what is not known is left out."""
    fields, prompt = values["fields"], values["prompt"]
    options = fields.items() if isinstance(fields, dict) else ()
    lines: list[tuple[str, object]] = [
        ("job", values["job_id"]),
        ("state", values["state"]),
        ("reason", values["reason"]),
        ("operation", values["operation"]),
        ("prompt", prompt),
        *((name, option) for name, option in options if option != prompt),
        *(("input", _input(each)) for each in _dicts(values["inputs"])),
        *(("file", _file(each)) for each in _dicts(values["files"])),
        ("price", None if values["price"] is None else f"{values['price']:g} {values['unit']}"),
        ("created", _time(values["created"])),
        ("updated", _time(values["updated"])),
        ("service", values["service"]),
        ("profile", values["profile"]),
    ]
    width = max(len(name) for name, value in lines if value not in (None, ""))
    for name, value in lines:
        if value not in (None, ""):
            yield f"{name:<{width}}  {', '.join(value) if isinstance(value, list) else value}"


def _dicts(value: object) -> "list[dict[str, object]]":
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _input(values: "dict[str, object]") -> str:
    named = f"{values['field']} {values['input']}, " if values.get("input") else ""
    return f"{named}sha256 {values.get('sha256')}"


def _file(values: "dict[str, object]") -> str:
    measured = f", {size(values['bytes'])}" if isinstance(values["bytes"], int) else ""
    return f"{values['path'] or '(no name kept)'}{measured}, sha256 {values['sha256']}"


def _time(text: object) -> str:
    return f"{str(text)[:19].replace('T', ' ')} UTC"


@with_options
def verify(
    session: Session,
    record: Annotated[Path, typer.Argument(metavar="FILE.jsonl", help="Record that --record has written.")],
    verbosity: VerbosityOptions,
) -> None:
    """Check that recorded files are as they were saved.

    Prints the files that are missing or have changed, one per line; exit code 6 if there are any.

    Examples:

        aeforge job verify art.jsonl

        aeforge job verify art.jsonl --json | jq -r 'select(.problem == "missing") | .path'
    """
    from aeforge_cli.jobs.record import differing, read_record

    verbosity.apply(session)
    lines = read_record(record)
    problems = 0
    for each in differing(record, lines):
        problems += 1
        session.console.record(each._asdict(), text=[each.path])
    files = count(len(lines), "file")
    if problems:
        raise Partial(
            f"Missing or changed: {problems} of {files} in {record}",
            hint="the command that made them, with --resume and --record, saves missing files again",
        )
    session.console.note(f"{files} as recorded")


# ------------------------------------------------------------------ journals of other machines


@with_options
def export(session: Session, verbosity: VerbosityOptions) -> None:
    """Print the journal as JSON Lines, for another machine.

    It holds prompts, names of files and job ids, but no key and no signed link. A CI job that keeps it between runs
    pays for nothing twice.

    Examples:

        aeforge job export > journal.jsonl

        aeforge job export | ssh other aeforge job import -
    """
    from aeforge_cli.jobs.exchange import exported

    verbosity.apply(session)
    for row in session.journal.rows():
        session.console.result_json(exported(row))


@with_options
def import_(
    session: Session,
    file: Annotated[str, typer.Argument(metavar="FILE.jsonl|-", help="Lines of aeforge job export (- for stdin).")],
    verbosity: VerbosityOptions,
) -> None:
    """Merge an exported journal into this one.

    Where both journals know a job, the newer state is kept. A file with an invalid line is refused as a whole.

    Examples:

        aeforge job import journal.jsonl

        ssh other aeforge job export | aeforge job import -
    """
    from aeforge_cli.jobs.exchange import imported

    verbosity.apply(session)
    lines = lines_of(file, hint="aeforge job export writes such a file")
    changed, total = imported(lines, label_of(file), _kept_journal(session))
    told = f"{count(changed, 'job')} imported, {total - changed} already known"
    session.console.record({"imported": changed, "known": total - changed}, text=[told])


def _kept_journal(session: Session) -> Journal:
    """The journal, if there is one that keeps what is written into it. Raises CannotSave."""
    journal = session.journal
    if isinstance(journal, NoJournal):
        raise CannotSave(
            f"There is no journal: {session.settings.state_dir} cannot be used",
            hint="name another folder with AEFORGE_STATE_DIR",
        )
    return journal


@with_options
def prune(
    session: Session,
    verbosity: VerbosityOptions,
    before: Annotated[
        str, typer.Option("--before", metavar="DATE", help="2026-01-31 (UTC), or an age such as 30d or 12h.")
    ],
) -> None:
    """Forget settled jobs that have not changed since a date.

    Unfinished jobs and those with a lost answer stay, and so does what a budget still counts. --resume and --update no
    longer know the files of forgotten jobs.

    Examples:

        aeforge job prune --before 90d

        aeforge job prune --before 2026-01-31
    """
    from aeforge_cli.config.dates import moment
    from aeforge_cli.journal.rules import stamp

    verbosity.apply(session)
    now = session.clock.now()
    asked = stamp(moment(before, now))
    counted = min([limit.since for limit in session.spending.limits(now)], default=asked)
    if counted < asked:
        session.console.note(f"jobs since {_time(counted)} stay: the budget counts them")
    pruned = session.journal.prune(min(asked, counted))
    session.console.record({"pruned": pruned}, text=[f"{count(pruned, 'job')} forgotten"])
