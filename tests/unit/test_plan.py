"""What a plan refuses, keeps, resumes and buys, decided before anything is sent, the same for one and for many."""

import os
import pty
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from unittest.mock import Mock

import pytest

from aeforge_cli.api.operations import Operation
from aeforge_cli.api.transport import Answer
from aeforge_cli.commands._shared.checks import check_batch, check_place
from aeforge_cli.commands._shared.options import (
    AccountOptions,
    OutputOptions,
    RunOptions,
    SubmissionOptions,
    VerbosityOptions,
    WaitingOptions,
)
from aeforge_cli.commands._shared.plan import Ask, Planned, planned
from aeforge_cli.commands._shared.purchases import guard
from aeforge_cli.commands._shared.run import _foreseen, _settled, run_plan, sum_of
from aeforge_cli.commands._shared.sources import ASK_ABOVE, BatchOptions
from aeforge_cli.commands.inpaint import RECIPES
from aeforge_cli.commands.split_layer import RECIPES as LAYERS
from aeforge_cli.errors import (
    AeforgeError,
    BudgetReached,
    CannotSave,
    FileMissing,
    JournalDamaged,
    JournalUnreachable,
    LimitReached,
    NotAnImage,
    OutputExists,
    Partial,
    SentBefore,
    Usage,
)
from aeforge_cli.files.atomic import SavedFile
from aeforge_cli.files.destination import Naming, destination
from aeforge_cli.jobs.lookup import digest
from aeforge_cli.jobs.manifest import Line
from aeforge_cli.jobs.needs import Need
from aeforge_cli.jobs.orders import Order
from aeforge_cli.jobs.results import Action
from aeforge_cli.journal.interface import Claimed, Intent, Reuse, State, Step
from aeforge_cli.process.clock import Clock
from aeforge_cli.session import Session
from tests.conftest import png
from tests.unit.conftest import BASE, JOB, LINK, FakeClock, FakeTransport, inpaint, made, stands

NAMES = ("a.png", "b.png")
COUNTS = pytest.mark.parametrize("names", [NAMES[:1], NAMES], ids=["one", "two"])
RUN = RunOptions(OutputOptions(), WaitingOptions(), SubmissionOptions(), AccountOptions(), VerbosityOptions())
INTO = replace(RUN, output=OutputOptions(output="out/"))
PLAIN, RESUME = BatchOptions(), BatchOptions(resume=True)


@dataclass
class User:
    """Someone who plans jobs in a folder with two pictures; nothing is answered but what `transport` was told."""

    folder: Path
    transport: FakeTransport
    clock: Clock

    def session(self, **environment: str) -> Session:
        known = {
            "AEFORGE_CONFIG_DIR": str(self.folder.parent / "config"),
            "AEFORGE_STATE_DIR": str(self.folder.parent / "state"),
            "AEFORGE_API_KEY": "sk-live-0123456789abcdef",
            "AEFORGE_BASE_URL": BASE,
        }
        named = {name: value for name, value in {**known, **environment}.items() if value}
        return Session(named, transport=self.transport, clock=self.clock)


@pytest.fixture
def user(tmp_path: Path, transport: FakeTransport, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> User:
    folder = tmp_path / "work"
    folder.mkdir()
    for shade, name in enumerate(NAMES):
        (folder / name).write_bytes(png(shade))
    monkeypatch.chdir(folder)
    return User(folder, transport, clock)


@pytest.fixture
def session(user: User) -> Iterator[Session]:
    session = user.session()
    yield session
    session.close()


def plan(
    session: Session, *names: str, run: RunOptions = INTO, batch: BatchOptions = PLAIN, prompt: str = "x"
) -> list[Planned]:
    run.apply(session, jobs=batch.jobs)
    lines = [Line(name, index=index) for index, name in enumerate(names)]
    return planned(session, Ask(RECIPES[0], lines, {"prompt": prompt}, run, batch))


def actions(plan: list[Planned]) -> list[Action]:
    return [each.need.action for each in plan]


def submission(*, wait: bool = True, dry_run: bool = False, new: bool = False) -> RunOptions:
    return replace(INTO, submission=SubmissionOptions(wait=wait, dry_run=dry_run, new=new))


def output(name: str | None, **options: bool) -> RunOptions:
    return replace(RUN, output=OutputOptions(output=name, **options))


# ------------------------------------------------------------------ how many may be bought


def asked(number: int) -> list[Operation]:
    return [inpaint()] * number


def bought(session: Session, number: int, ago: timedelta) -> None:
    """Jobs that this account has bought before."""
    intent = Intent(
        work="",
        service=session.service,
        account=session.account_name,
        operation="inpaint",
        input="",
        prompt="",
        output=None,
        quality=None,
        profile=None,
        price=None,
        unit=None,
        details={},
    )
    for each in range(number):
        session.journal.claim(intent._replace(work=f"old {each}"), session.clock.now() - ago, Reuse.NOTHING)


def test_50_jobs_are_bought_unasked_and_51_are_not(session: Session) -> None:
    assert guard(session, asked(ASK_ABOVE), PLAIN) == ASK_ABOVE
    with pytest.raises(Usage) as refused:
        guard(session, asked(ASK_ABOVE + 1), PLAIN)

    assert (refused.value.hint, refused.value.message) == (
        "pass --yes",
        "51 jobs would be submitted; there is no terminal to confirm on",
    )


def test_what_was_bought_in_the_last_hour_counts(session: Session) -> None:
    bought(session, 30, timedelta(minutes=59))

    assert guard(session, asked(20), PLAIN) == 20
    with pytest.raises(Usage, match="21 jobs would be submitted, after 30 in the last hour"):
        guard(session, asked(21), PLAIN)


def test_of_what_is_left_of_the_50_no_more_is_bought_than_that(session: Session) -> None:
    bought(session, 30, timedelta(minutes=59))

    assert guard(session, asked(1), PLAIN) == 20


def test_what_was_bought_before_the_last_hour_does_not_count(session: Session) -> None:
    bought(session, 30, timedelta(minutes=61))

    assert guard(session, asked(ASK_ABOVE), PLAIN) == ASK_ABOVE


def test_where_results_are_only_fetched_no_more_than_50_are_bought_in_their_place(session: Session) -> None:
    bought(session, 30, timedelta(minutes=5))

    assert guard(session, [], PLAIN) == 20
    assert guard(session, [], BatchOptions(max_jobs=3)) == 3
    bought(session, 60, timedelta(minutes=5))
    assert guard(session, [], PLAIN) == 0


@pytest.mark.parametrize("yes", [False, True], ids=["", "--yes"])
def test_as_many_jobs_as_the_user_allows_are_bought_and_no_more(session: Session, yes: bool) -> None:
    batch = BatchOptions(max_jobs=3, yes=yes)

    assert guard(session, asked(3), batch) == 3
    assert guard(session, asked(2), batch) == 3
    with pytest.raises(LimitReached):
        guard(session, asked(4), batch)


def test_who_says_yes_is_not_asked(session: Session) -> None:
    assert guard(session, asked(500), BatchOptions(yes=True)) is None


def test_nobody_is_asked_about_the_sandbox(user: User) -> None:
    session = user.session()
    session.use(profile=None, sandbox=True, options={})

    assert guard(session, asked(500), PLAIN) is None


# ------------------------------------------------------------------ budgets


def test_under_a_budget_in_credits_work_without_a_price_is_refused_before_anything_is_sent(user: User) -> None:
    session = user.session(AEFORGE_BUDGET="9 credits/day")

    with pytest.raises(Usage, match="There is no price for inpaint"):
        run_plan(session, plan(session, "a.png"), INTO, PLAIN)

    session.close()


def test_a_dry_run_refuses_what_the_run_would_refuse(user: User) -> None:
    session = user.session(AEFORGE_BUDGET="9 credits/day")
    dry = submission(dry_run=True)

    with pytest.raises(Usage, match="There is no price for inpaint"):
        run_plan(session, plan(session, "a.png", run=dry), dry, PLAIN)

    session.close()


def test_a_dry_run_of_more_than_may_be_submitted_ends_as_the_run_does(session: Session) -> None:
    dry, most = submission(dry_run=True), BatchOptions(max_jobs=1)

    with pytest.raises(LimitReached, match="2 jobs would be submitted, more than --max-jobs 1"):
        run_plan(session, plan(session, *NAMES, run=dry, batch=most), dry, most)


def test_a_dry_run_says_that_the_run_would_ask(capsys: pytest.CaptureFixture[str], user: User) -> None:
    session = user.session()
    bought(session, 49, timedelta(minutes=59))
    dry = submission(dry_run=True)

    run_plan(session, plan(session, *NAMES, run=dry), dry, PLAIN)
    run_plan(session, plan(session, *NAMES, run=dry), dry, BatchOptions(yes=True))

    session.close()
    assert capsys.readouterr().err.splitlines() == [
        "2 jobs would be submitted, after 49 in the last hour: without a terminal to confirm on, the run needs --yes",
        "2 to buy",
        "2 to buy",
    ]


def test_a_dry_run_of_what_stands_in_the_way_ends_as_the_run_does(session: Session) -> None:
    result(b"drawn by hand")
    dry = submission(dry_run=True)

    with pytest.raises(OutputExists):
        run_plan(session, plan(session, "a.png", run=dry, batch=RESUME), dry, RESUME)
    with pytest.raises(Partial, match=r"1 of 2 jobs would be refused: out/a\.png exists"):
        run_plan(session, plan(session, *NAMES, run=dry, batch=RESUME), dry, RESUME)


def test_what_is_resumed_needs_no_price(session: Session, earlier: "Made", user: User) -> None:
    earlier(State.ACCEPTED)
    dry = submission(dry_run=True)
    bound = user.session(AEFORGE_BUDGET="9 credits/day")

    run_plan(bound, plan(bound, "a.png", run=dry, batch=RESUME), dry, RESUME)
    bound.close()


@pytest.fixture
def hurried(user: User) -> User:
    """The same user by a clock that goes, for what waits with threads."""
    user.clock = Session({}).clock
    return user


QUICK = replace(RUN, waiting=WaitingOptions(poll_interval="0.01"))


def test_a_spent_budget_refuses_what_must_be_bought_and_not_what_is_free(hurried: User) -> None:
    session = hurried.session(AEFORGE_BUDGET="1/day")
    hurried.transport.says(made(), stands("Succeed", LINK))

    run_plan(session, plan(session, "a.png", run=QUICK), QUICK, PLAIN)
    with pytest.raises(BudgetReached):
        run_plan(session, plan(session, "b.png", run=QUICK), QUICK, PLAIN)

    assert hurried.transport.asked == ["POST /image-tune/inpaint/v2", f"GET /job/{JOB}"]
    session.close()


def test_what_must_be_bought_again_is_bought_only_as_far_as_was_agreed_to(
    hurried: User, session: Session, earlier: "Made"
) -> None:
    earlier(State.SAVED, saved=result())
    Path("out/a.png").unlink()
    session.clock = hurried.clock
    bought(session, ASK_ABOVE, timedelta(minutes=5))
    run = replace(INTO, waiting=QUICK.waiting)
    hurried.transport.says(*[stands("Succeed", LINK), Answer(410)] * 2)

    with pytest.raises(LimitReached):
        run_plan(session, plan(session, "a.png", run=run, batch=RESUME), run, RESUME)

    assert [asked for asked in hurried.transport.asked if asked.startswith("POST")] == []


def test_with_a_journal_that_was_damaged_nothing_is_bought_until_the_user_says_yes(hurried: User) -> None:
    state = hurried.folder.parent / "state"
    state.mkdir()
    (state / "jobs.sqlite3").write_bytes(b"no database" * 1000)
    with pytest.raises(JournalDamaged):
        _ = hurried.session().journal
    session = hurried.session()

    with pytest.raises(JournalDamaged):
        run_plan(session, plan(session, "a.png", run=QUICK), QUICK, PLAIN)
    assert hurried.transport.asked == []

    hurried.transport.says(made(), stands("Succeed", LINK))
    run_plan(session, plan(session, "a.png", run=QUICK), QUICK, BatchOptions(yes=True))
    session.close()


@pytest.fixture
def typing(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """What a person at a terminal types."""
    screen, keyboard = pty.openpty()
    stdin, stderr = os.fdopen(keyboard), os.fdopen(os.dup(keyboard), "w")

    def types(text: str) -> None:
        monkeypatch.setattr(sys, "stdin", stdin)
        monkeypatch.setattr(sys, "stderr", stderr)
        os.write(screen, text.encode())

    yield types
    stdin.close()
    stderr.close()
    os.close(screen)


def test_who_agrees_to_60_jobs_buys_60_and_no_more(user: User, typing: Callable[[str], None]) -> None:
    typing("y\n")
    session = user.session()

    assert guard(session, asked(60), PLAIN) == 60
    session.close()


def test_who_does_not_agree_buys_nothing(user: User, typing: Callable[[str], None]) -> None:
    typing("n\n")
    session = user.session()

    with pytest.raises(LimitReached, match="Nothing was submitted"):
        guard(session, asked(60), PLAIN)
    session.close()


# ------------------------------------------------------------------ options that do not go together

REFUSED: dict[str, tuple[RunOptions, BatchOptions]] = {
    "--overwrite without -o": (output(None, overwrite=True), PLAIN),
    "--skip-existing without -o": (output(None, skip_existing=True), PLAIN),
    "--open without -o": (output(None, open=True), PLAIN),
    "--preview without -o": (output(None, preview=True), PLAIN),
    "--open with -o -": (output("-", open=True), PLAIN),
    "--preview with -o -": (output("-", preview=True), PLAIN),
    "--json with -o -": (replace(output("-"), verbosity=VerbosityOptions(json=True)), PLAIN),
    "--no-wait with -o": (submission(wait=False), PLAIN),
    "--no-wait with -o -": (replace(output("-"), submission=SubmissionOptions(wait=False)), PLAIN),
    "--no-wait with --resume": (replace(RUN, submission=SubmissionOptions(wait=False)), RESUME),
    "--no-wait with --update": (replace(RUN, submission=SubmissionOptions(wait=False)), BatchOptions(update=True)),
    "--resume with --update": (INTO, BatchOptions(resume=True, update=True)),
    "--resume with --new": (submission(new=True), RESUME),
    "--update with --new": (submission(new=True), BatchOptions(update=True)),
    "--skip-existing with --resume": (output("out/", skip_existing=True), RESUME),
    "--new with --skip-existing": (
        replace(output("out/", skip_existing=True), submission=SubmissionOptions(new=True)),
        PLAIN,
    ),
}


@COUNTS
@pytest.mark.parametrize(("run", "batch"), REFUSED.values(), ids=REFUSED)
def test_options_that_contradict_each_other_are_refused(
    session: Session, names: tuple[str, ...], run: RunOptions, batch: BatchOptions
) -> None:
    with pytest.raises(Usage):
        plan(session, *names, run=run, batch=batch)


@pytest.mark.parametrize("run", [output("-"), output("out/", open=True)], ids=["-o -", "--open"])
def test_what_one_result_can_be_several_cannot(session: Session, run: RunOptions) -> None:
    assert actions(plan(session, "a.png", run=run)) == [Action.BUY]
    with pytest.raises(Usage):
        plan(session, *NAMES, run=run)


def test_standard_input_is_one_picture_and_never_one_of_several(session: Session) -> None:
    assert actions(plan(session, "-")) == [Action.BUY]
    with pytest.raises(Usage, match="Standard input is one picture"):
        plan(session, "-", "a.png")


# ------------------------------------------------------------------ what is checked before the plan is made


def test_a_report_that_cannot_be_written_is_refused(session: Session, user: User) -> None:
    (user.folder / "report.html").mkdir()

    with pytest.raises(CannotSave):
        check_batch(session, RUN, BatchOptions(report=Path("report.html")))


def test_a_file_that_is_no_record_is_refused_and_stays_as_it_is(session: Session, user: User) -> None:
    (user.folder / "notes.txt").write_text("mine")

    with pytest.raises(Usage):
        check_batch(session, RUN, BatchOptions(record=Path("notes.txt")))

    assert (user.folder / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize(
    ("environment", "waiting"),
    [
        ({"AEFORGE_TIMEOUT": "never"}, WaitingOptions()),
        ({"AEFORGE_JOBS": "zero"}, WaitingOptions()),
        ({}, WaitingOptions(poll_interval="0")),
    ],
    ids=["timeout", "jobs", "poll interval"],
)
def test_settings_that_the_run_will_need_are_refused_now(
    user: User, environment: dict[str, str], waiting: WaitingOptions
) -> None:
    with pytest.raises(Usage):
        check_batch(user.session(**environment), replace(RUN, waiting=waiting), PLAIN)


# ------------------------------------------------------------------ places

NAMING = Naming("a.png", "inpaint", date(2026, 1, 31))


def place(text: str) -> None:
    check_place(destination(text, overwrite=False), NAMING)


@pytest.mark.parametrize("name", ["a.png/out.png", "x" * 300 + ".png"], ids=["below a file", "too long a name"])
def test_a_place_that_cannot_be_saved_to_is_refused(user: User, name: str) -> None:
    with pytest.raises(CannotSave):
        place(name)


def test_a_folder_is_no_place_for_a_file(user: User) -> None:
    (user.folder / "a").mkdir()

    with pytest.raises(CannotSave, match="a is a folder"):
        place("{stem}")


def test_looking_at_a_place_makes_nothing_and_judges_no_file_there(user: User) -> None:
    place("new/folder/out.png")
    place("a.png")

    assert sorted(path.name for path in user.folder.iterdir()) == ["a.png", "b.png"]


def test_a_current_folder_that_is_gone_is_told(user: User) -> None:
    shutil.rmtree(user.folder)

    with pytest.raises(CannotSave) as refused:
        place("out.png")

    assert refused.value.why == "the current folder does not exist any more"


@COUNTS
def test_a_dry_run_makes_no_folder_and_a_run_makes_it_before_anything_is_sent(
    session: Session, user: User, names: tuple[str, ...]
) -> None:
    plan(session, *names, run=submission(dry_run=True))
    was_made = (user.folder / "out").exists()
    plan(session, *names)

    assert (was_made, (user.folder / "out").is_dir()) == (False, True)


@COUNTS
def test_an_output_that_exists_is_refused(session: Session, user: User, names: tuple[str, ...]) -> None:
    (user.folder / "out").mkdir()
    (user.folder / "out" / names[-1]).write_bytes(b"mine")

    with pytest.raises(OutputExists):
        plan(session, *names)

    assert set(actions(plan(session, *names, run=output("out/", overwrite=True)))) == {Action.BUY}


def test_two_results_never_share_a_place(session: Session) -> None:
    for run in (output("out.png"), output("out.png", overwrite=True), output("out.png", skip_existing=True)):
        with pytest.raises(OutputExists, match="Two results would be saved as"):
            plan(session, *NAMES, run=run)


def test_the_first_of_several_results_that_exists_is_refused(session: Session) -> None:
    result()
    Path("out/a.png").rename("out/a-1.png")
    INTO.apply(session)

    with pytest.raises(OutputExists):
        planned(session, Ask(LAYERS[0], [Line("a.png")], {"prompt": "arm"}, INTO, PLAIN))


# ------------------------------------------------------------------ pictures


@pytest.mark.parametrize(("content", "kind"), [(b"text", NotAnImage), (None, FileMissing)], ids=["a text", "missing"])
@COUNTS
def test_what_is_no_picture_is_refused_before_anything_is_sent(
    session: Session, user: User, names: tuple[str, ...], content: bytes | None, kind: type[AeforgeError]
) -> None:
    if content is not None:
        (user.folder / "bad.png").write_bytes(content)

    with pytest.raises(kind):
        plan(session, *names, "bad.png")


@pytest.mark.parametrize(
    ("run", "batch"),
    [(INTO, RESUME), (INTO, BatchOptions(update=True)), (output("out/", skip_existing=True), PLAIN)],
    ids=["--resume", "--update", "--skip-existing"],
)
def test_a_result_of_an_earlier_run_is_no_input(
    session: Session, user: User, run: RunOptions, batch: BatchOptions
) -> None:
    (user.folder / "out").mkdir()
    (user.folder / "out" / "a.png").write_bytes(png(7))

    found = plan(session, "a.png", "out/a.png", run=run, batch=batch)

    assert [each.order.input for each in found] == ["a.png"]


# ------------------------------------------------------------------ what each job needs

Made = Callable[..., Order]


@pytest.fixture
def earlier(session: Session) -> Made:
    """An earlier job of the same work as the plan's first, in a state; saved files are those that stand there."""

    def made_before(state: State, *, account: str | None = None, saved: str | None = None, prompt: str = "x") -> Order:
        order = plan(session, "a.png", run=submission(dry_run=True), batch=BatchOptions(update=True), prompt=prompt)
        [each] = order
        lifecycle = session.lifecycle()
        intent = lifecycle._intent(each.order)
        claim = session.journal.claim(
            intent._replace(account=account or intent.account), session.clock.now(), Reuse.NOTHING
        )
        assert isinstance(claim, Claimed)
        known = None if state in (State.UNKNOWN, State.SUBMITTING) else JOB
        files = [SavedFile(saved, LINK, 7, digest(Path(saved)), 16, 16, "png")] if saved else []
        session.journal.record(claim.number, Step(state, job_id=known, files=files), session.clock.now())
        return each.order

    return made_before


def result(content: bytes = png(7)) -> str:
    Path("out").mkdir(exist_ok=True)
    Path("out/a.png").write_bytes(content)
    return "out/a.png"


def test_what_nobody_has_made_is_bought(session: Session) -> None:
    assert actions(plan(session, *NAMES)) == [Action.BUY] * 2
    assert actions(plan(session, *NAMES, batch=RESUME)) == [Action.BUY] * 2


@pytest.mark.parametrize("batch", [PLAIN, RESUME], ids=["", "--resume"])
@pytest.mark.parametrize("state", [State.ACCEPTED, State.SUCCEEDED], ids=str)
def test_what_is_paid_for_and_not_finished_is_resumed(
    session: Session, earlier: Made, state: State, batch: BatchOptions
) -> None:
    earlier(state)

    assert actions(plan(session, *NAMES, batch=batch)) == [Action.RESUME, Action.BUY]


def test_what_is_saved_is_kept_by_resume_and_bought_again_by_the_plain_command(
    session: Session, earlier: Made, user: User
) -> None:
    earlier(State.SAVED, saved=result())

    [kept, other] = plan(session, *NAMES, batch=RESUME)
    assert (kept.need.action, [file.path for file in kept.need.files]) == (Action.KEEP, ["out/a.png"])
    assert (other.need.action, sum_of([kept, other])) == (Action.BUY, "1 kept, 1 to buy")
    assert actions(plan(session, "a.png", run=output("elsewhere.png"))) == [Action.BUY]


@pytest.mark.parametrize(
    "batch", [RESUME, BatchOptions(update=True), BatchOptions(share=True)], ids=["--resume", "--update", "--share"]
)
def test_what_is_saved_is_not_bought_again(session: Session, earlier: Made, batch: BatchOptions) -> None:
    earlier(State.SAVED, saved=result())

    assert actions(plan(session, "a.png", run=output("out/", overwrite=True), batch=batch)) == [Action.KEEP]


def test_what_is_kept_waits_for_what_it_is_made_of(session: Session) -> None:
    first, second = plan(session, *NAMES)
    second.order.after = (first.order,)
    kept = replace(second, need=Need(Action.KEEP))

    assert _settled([first, kept]) == set()
    assert _settled([replace(first, need=Need(Action.KEEP)), kept]) == {first.order, second.order}


def test_new_buys_whatever_there_is(session: Session, earlier: Made) -> None:
    earlier(State.ACCEPTED)

    assert actions(plan(session, "a.png", run=submission(new=True))) == [Action.BUY]


def test_what_was_saved_and_is_gone_is_fetched(session: Session, earlier: Made) -> None:
    earlier(State.SAVED, saved=result())
    Path("out/a.png").unlink()

    assert actions(plan(session, "a.png", batch=RESUME)) == [Action.FETCH]


def test_of_several_results_one_that_is_missing_is_reason_to_fetch(session: Session) -> None:
    dry = submission(dry_run=True)
    dry.apply(session)
    ask = Ask(LAYERS[0], [Line("a.png")], {"prompt": "arm"}, dry, RESUME)
    [each] = planned(session, ask)
    claim = session.journal.claim(session.lifecycle()._intent(each.order), session.clock.now(), Reuse.NOTHING)
    assert isinstance(claim, Claimed)
    files = []
    for number in (1, 2):
        place = Path(result(png(number))).rename(f"out/a-{number}.png")
        files.append(SavedFile(str(place), f"{LINK}?{number}", 7, digest(place), 16, 16, "png"))
    session.journal.record(claim.number, Step(State.SAVED, job_id=JOB, files=files), session.clock.now())

    whole = actions(planned(session, ask))
    Path("out/a-2.png").unlink()

    assert (whole, actions(planned(session, ask))) == ([Action.KEEP], [Action.FETCH])


def test_what_is_not_saved_whole_is_resumed_though_something_of_it_stands_there(
    session: Session, earlier: Made
) -> None:
    earlier(State.SUCCEEDED, saved=result())

    assert actions(plan(session, "a.png", batch=RESUME)) == [Action.RESUME]


def test_what_turned_out_to_be_gone_is_not_fetched_again_but_bought(session: Session, earlier: Made) -> None:
    earlier(State.SAVED, saved=result())
    Path("out/a.png").unlink()
    [each] = plan(session, "a.png", batch=RESUME)
    assert each.need.row is not None

    each.order.gone.add(each.need.row.number)

    assert session.lifecycle().need(each.order).action is Action.BUY


def foretold(session: Session, batch: BatchOptions) -> tuple[list[Action], str]:
    """What a dry run says of the first picture."""
    found = _foreseen(session, plan(session, "a.png", run=submission(dry_run=True), batch=batch), batch)
    return actions(found), sum_of(found)


SHARE = BatchOptions(resume=True, share=True)


@pytest.mark.parametrize("host", ["another", ""], ids=["another machine", "this machine"])
def test_a_dry_run_leaves_with_share_what_another_machine_saved(session: Session, earlier: Made, host: str) -> None:
    earlier(State.SAVED, saved=result())
    Path("out/a.png").unlink()
    [row] = session.journal.rows()
    session.journal.import_rows([row._replace(host=host or row.host, updated=f"{row.updated}~")])

    assert foretold(session, RESUME) == ([Action.FETCH], "1 to fetch free")
    assert foretold(session, SHARE) == (
        ([Action.KEEP], "1 saved elsewhere") if host else ([Action.FETCH], "1 to fetch free")
    )


def test_a_dry_run_says_that_another_key_may_have_paid(session: Session, earlier: Made) -> None:
    earlier(State.SAVED, account="an older key")

    assert foretold(session, PLAIN) == ([Action.BUY], "1 to buy")
    assert foretold(session, RESUME) == ([Action.BUY], "1 to buy unless paid for with another key")


@pytest.mark.parametrize("state", [State.SUBMITTING, State.ACCEPTED], ids=str)
def test_a_dry_run_says_what_a_living_run_holds(session: Session, earlier: Made, user: User, state: State) -> None:
    earlier(state)

    other = user.session()

    assert foretold(other, RESUME) == ([Action.FETCH], "1 held by another run")
    other.close()


def test_a_dry_run_resumes_what_a_dead_run_had_paid_for(earlier: Made, session: Session, user: User) -> None:
    earlier(State.ACCEPTED)
    session.close()
    other = user.session()

    assert foretold(other, RESUME) == ([Action.RESUME], "1 to resume free")
    other.close()


def test_a_dry_run_refuses_what_a_dead_run_was_sending(earlier: Made, session: Session, user: User) -> None:
    earlier(State.SUBMITTING)
    session.close()
    other = user.session()
    dry = submission(dry_run=True)

    with pytest.raises(SentBefore) as refused:
        run_plan(other, plan(other, "a.png", run=dry), dry, PLAIN)

    assert "the process ended before the answer" in refused.value.why
    assert [row.state for row in other.journal.rows()] == [State.SUBMITTING]
    other.close()


@pytest.mark.parametrize("state", [State.UNKNOWN, State.LOST], ids=str)
def test_work_in_doubt_is_refused(session: Session, earlier: Made, state: State) -> None:
    earlier(state)

    [each] = plan(session, "a.png", batch=RESUME)

    assert each.need.action is Action.REFUSE
    assert isinstance(each.need.error, SentBefore) is (state is State.UNKNOWN)


def test_a_dry_run_tells_of_work_in_doubt_also_where_nothing_is_unfinished(session: Session, earlier: Made) -> None:
    earlier(State.LOST)

    assert actions(plan(session, "a.png", run=submission(dry_run=True))) == [Action.REFUSE]


def test_a_journal_out_of_reach_ends_the_plan_and_not_each_job_in_its_turn(user: User) -> None:
    session = user.session(AEFORGE_JOURNAL="postgresql://127.0.0.1:9/journal")

    with pytest.raises(JournalUnreachable):
        plan(session, *NAMES, batch=RESUME)
    session.close()


def test_a_journal_is_asked_once_about_many_jobs(
    session: Session, earlier: Made, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    earlier(State.SUCCEEDED)
    asked = Mock(wraps=session.journal.of_works)
    monkeypatch.setattr(session.journal, "of_works", asked)
    contents = [*range(250), 0, 249]  # the first and the last are there twice
    for number, content in enumerate(contents):
        (user.folder / f"{number:03}.png").write_bytes(png(content))

    found = plan(session, *(f"{number:03}.png" for number in range(len(contents))), batch=RESUME)

    assert [len(call.args[0]) for call in asked.call_args_list] == [200, 50]
    assert actions(found) == [Action.RESUME, *[Action.BUY] * 249, Action.RESUME, Action.FETCH]


def test_a_failed_job_is_bought_again(session: Session, earlier: Made) -> None:
    earlier(State.FAILED)

    assert actions(plan(session, "a.png", batch=RESUME)) == [Action.BUY]


@pytest.mark.parametrize("batch", [RESUME, BatchOptions(update=True)], ids=["--resume", "--update"])
def test_a_file_that_nobody_knows_is_refused(session: Session, batch: BatchOptions) -> None:
    result(b"drawn by hand")

    [each] = plan(session, "a.png", batch=batch)

    assert (each.need.action, type(each.need.error)) == (Action.REFUSE, OutputExists)


def test_a_file_that_nobody_knows_is_replaced_when_asked(session: Session) -> None:
    result(b"drawn by hand")

    assert actions(plan(session, "a.png", run=output("out/", overwrite=True), batch=RESUME)) == [Action.BUY]


def test_a_file_that_other_work_made_is_refused_by_resume_and_replaced_by_update(
    session: Session, earlier: Made
) -> None:
    earlier(State.SAVED, saved=result(), prompt="another prompt")

    [resumed] = plan(session, "a.png", batch=RESUME)
    [updated] = plan(session, "a.png", batch=BatchOptions(update=True))

    assert (resumed.need.action, type(resumed.need.error)) == (Action.REFUSE, OutputExists)
    assert updated.need.action is Action.BUY


def test_a_link_to_the_result_is_not_the_result(session: Session, earlier: Made) -> None:
    saved = result()
    earlier(State.SAVED, saved=saved)
    Path(saved).rename("moved.png")
    Path(saved).symlink_to("../moved.png")

    [each] = plan(session, "a.png", batch=RESUME)

    assert (each.need.action, type(each.need.error)) == (Action.REFUSE, OutputExists)


def test_a_link_that_leads_nowhere_is_in_the_way(session: Session, earlier: Made) -> None:
    saved = result()
    earlier(State.SAVED, saved=saved)
    Path(saved).unlink()
    Path(saved).symlink_to("nowhere.png")

    assert actions(plan(session, "a.png", batch=RESUME)) == [Action.REFUSE]


def test_the_same_result_of_another_service_is_not_kept(session: Session, earlier: Made) -> None:
    order = earlier(State.FAILED)
    intent = session.lifecycle()._intent(order)
    claim = session.journal.claim(intent._replace(service="https://other.test"), session.clock.now(), Reuse.NOTHING)
    assert isinstance(claim, Claimed)
    file = SavedFile(result(), LINK, 7, digest(Path("out/a.png")), 16, 16, "png")
    session.journal.record(claim.number, Step(State.SAVED, job_id=JOB, files=[file]), session.clock.now())

    assert actions(plan(session, "a.png", batch=RESUME)) == [Action.REFUSE]


def test_what_another_account_has_in_flight_is_no_job_of_ours(session: Session, earlier: Made, user: User) -> None:
    earlier(State.ACCEPTED, account="another")

    assert actions(plan(session, "a.png")) == [Action.BUY]


def test_without_a_key_the_jobs_of_all_accounts_count(session: Session, earlier: Made, user: User) -> None:
    earlier(State.ACCEPTED, account="another")

    keyless = user.session(AEFORGE_API_KEY="")
    assert actions(plan(keyless, "a.png", batch=RESUME)) == [Action.RESUME]
    keyless.close()


def test_skipping_what_exists_asks_no_journal(session: Session) -> None:
    result(b"anything")

    [skipped, other] = plan(session, *NAMES, run=output("out/", skip_existing=True))

    assert (skipped.need.action, skipped.need.row, other.need.action) == (Action.KEEP, None, Action.BUY)
