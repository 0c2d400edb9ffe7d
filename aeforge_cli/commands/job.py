"""`aeforge job`: jobs that were submitted: checked, waited for, listed."""

import sys
from collections.abc import Sequence
from datetime import date
from typing import Annotated

import typer

from aeforge_cli.api.responses import Failed, JobId, JobStatus, Pending, Succeeded, is_job_id
from aeforge_cli.commands._shared.options import (
    AccountOptions,
    OutputOptions,
    TimeoutOption,
    VerbosityOptions,
    WaitingOptions,
    with_options,
)
from aeforge_cli.commands._shared.plan import check_places, delivery
from aeforge_cli.commands._shared.results import preview, show
from aeforge_cli.commands._shared.summary import Summary
from aeforge_cli.errors import JobStillRunning, Usage, command, go_on_with
from aeforge_cli.files.atomic import SavedFile
from aeforge_cli.files.collisions import OutputCollisions
from aeforge_cli.files.destination import Naming
from aeforge_cli.jobs.delivery import Delivery
from aeforge_cli.jobs.lifecycle import Job, job_failed
from aeforge_cli.jobs.lookup import known_job_id
from aeforge_cli.jobs.results import JobResult
from aeforge_cli.journal.interface import Row
from aeforge_cli.output.tables import journal_columns
from aeforge_cli.session import Session

IdsArgument = Annotated[list[str], typer.Argument(metavar="ID...", help="Job ids, their first characters, or @last.")]


def register(tree: typer.Typer) -> None:
    job = typer.Typer(help="Check, wait for and list jobs.")
    job.command("status")(status)
    job.command("wait")(wait)
    job.command("list")(list_)
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
    summary = Summary(session.console, len(jobs), again=command("job list"))
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
    session.saves_to(output.output)
    service.apply(session, timeout=waiting.timeout)
    jobs = _jobs(session, ids)
    check_places(session, output, several=len(jobs) > 1)
    planned = {job: _planned(session, job, output) for job in jobs}
    OutputCollisions(
        each.destination.names(each.naming) for each in planned.values() if each and each.destination
    ).check()
    lifecycle = session.lifecycle(interval=waiting.interval)
    until = session.clock.monotonic() + lifecycle.timeout
    summary = Summary(session.console, len(jobs), again=command("job list"))
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
    texts = [word for text in ids for word in (sys.stdin.read().split() if text == "-" else [text])]
    jobs: dict[str, Job] = {}
    for text in texts:
        job_id = known_job_id(session.journal, text)
        if not is_job_id(job_id):
            raise Usage(f"{text!r} is not a valid job id", hint="aeforge job list shows the jobs of this journal")
        row = session.journal.by_job_id(job_id)
        jobs[job_id] = Job(JobId(job_id), row.number if row else 0, attached=row is not None)
    return list(jobs.values())


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
                f"Job {job_id} is still running", why=f"it is {status}", hint=go_on_with(job_id), job_id=job_id
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
    found = session.journal.rows(pending=pending, failed=failed, search=search, limit=limit)
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
