"""`aeforge job`: jobs that were bought, looked at, waited for and listed."""

import sys
from collections.abc import Sequence
from datetime import date
from typing import Annotated

import typer

from aeforge_cli.api.responses import Failed, JobId, JobStatus, Pending, Succeeded, is_job_id
from aeforge_cli.commands._shared.buying import delivery, place, preview, show
from aeforge_cli.commands._shared.options import (
    AccountOptions,
    OutputOptions,
    TimeoutOption,
    VerbosityOptions,
    WaitingOptions,
    with_options,
)
from aeforge_cli.commands._shared.summary import Outcomes
from aeforge_cli.errors import JobStillRunning, Usage, go_on_with
from aeforge_cli.files.atomic import SavedFile
from aeforge_cli.files.collisions import OutputCollisions
from aeforge_cli.files.destination import Destination, Naming
from aeforge_cli.jobs.download import Delivery
from aeforge_cli.jobs.lifecycle import Ticket, job_failed
from aeforge_cli.jobs.orders import Finished
from aeforge_cli.journal.interface import SHOWN, known_job_id
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
    jobs = session.jobs()
    tickets = _tickets(session, ids)
    outcomes = Outcomes(session.console, len(tickets))
    for ticket in tickets:
        with outcomes.counted():
            job = jobs.look(ticket)
            session.console.status(_finished(session, ticket, job))
            _raise_unless_succeeded(ticket.job_id, job)
    outcomes.conclude()


@with_options
def wait(
    session: Session,
    ids: IdsArgument,
    saving: OutputOptions,
    waiting: WaitingOptions,
    service: AccountOptions,
    verbosity: VerbosityOptions,
) -> None:
    """Wait for jobs, and save their results with -o.

    Several jobs are polled at once; each result is printed as soon as it is ready.

    Examples:

        aeforge job wait @last -o out.png

        aeforge job list --pending --json | jq -r .job_id | aeforge job wait - -o 'out/{job_id}.{ext}'
    """
    verbosity.apply(session)
    session.console.expect_jobs()
    service.apply(session, timeout=waiting.timeout)
    target = place(session, saving)
    tickets = _tickets(session, ids)
    if saving.output == "-" and len(tickets) > 1:
        raise Usage("Standard output takes one picture", hint="save several with -o FOLDER/")
    planned = {ticket: _planned(session, ticket, saving, target) for ticket in tickets}
    if target:
        OutputCollisions(target.names(delivery.naming) for delivery in planned.values() if delivery).check()
    jobs = session.jobs(interval=waiting.interval)
    until = session.clock.monotonic() + jobs.timeout
    outcomes = Outcomes(session.console, len(tickets))
    for ticket, end in jobs.wait_for_all(tickets, until):
        with outcomes.counted():
            urls = end().urls
            wanted = planned[ticket]
            files = jobs.save(ticket, urls, wanted, until) if wanted else []
            done = _finished(session, ticket, Succeeded(urls), files)
            session.console.finished(done)
            preview(session, done, saving)
            show(files, saving)
    outcomes.conclude()


def _planned(session: Session, ticket: Ticket, saving: OutputOptions, target: Destination | None) -> Delivery | None:
    """Where one job's results go; checked before anything is waited for."""
    entry = session.journal.by_job_id(ticket.job_id)
    name = (entry and entry.input) or ticket.job_id
    day = date.fromisoformat(entry.created[:10]) if entry else session.clock.now().date()
    operation = entry.operation if entry else "job"
    naming = Naming(name.rpartition("/")[2] or name, operation, day, job_id=ticket.job_id)
    if target and not (saving.skip_existing and target.taken(naming)):
        target.check(naming)
    return delivery(session, saving, naming, target)


def _tickets(session: Session, ids: Sequence[str]) -> list[Ticket]:
    """The jobs that were named, each once; `-` reads ids from standard input."""
    _ = session.key  # without one the service will not say anything
    texts = [word for text in ids for word in (sys.stdin.read().split() if text == "-" else [text])]
    if not texts:
        raise Usage("No job id was given", hint="standard input was empty")
    tickets: dict[str, Ticket] = {}
    for text in texts:
        job_id = known_job_id(session.journal, text)
        if not is_job_id(job_id):
            raise Usage(f"{text!r} is no job id", hint="aeforge job list shows those bought from here")
        entry = session.journal.by_job_id(job_id)
        tickets[job_id] = Ticket(JobId(job_id), entry.number if entry else 0, attached=entry is not None)
    return list(tickets.values())


def _finished(session: Session, ticket: Ticket, job: JobStatus, files: Sequence[SavedFile] = ()) -> Finished:
    entry = session.journal.by_job_id(ticket.job_id)
    return Finished(
        job_id=ticket.job_id,
        status=_word(job),
        operation=entry.operation if entry else None,
        input=entry.input if entry else None,
        image_urls=job.urls if isinstance(job, Succeeded) else (),
        files=tuple(files),
        attached=ticket.attached,
    )


def _word(job: JobStatus) -> str:
    """The service's word for the state."""
    match job:
        case Succeeded():
            return "Succeed"
        case Failed():
            return "Failed"
        case Pending(status):
            return status


def _raise_unless_succeeded(job_id: JobId, job: JobStatus) -> None:
    match job:
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
    rows = [entry.as_json() for entry in session.journal.entries(pending=pending, search=search, limit=limit)]
    session.console.rows(rows, journal_columns(rows, session.clock.now()), fields=SHOWN)
