"""Signals, closed streams, kills and crowds: a process may end at any moment, and nothing that was paid is lost."""

import fcntl
import random
import select
import signal
import sqlite3
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import Aeforge, Home, Running
from tests.faults.conftest import SOAK, Edit
from tests.faults.fake import Fake
from tests.faults.invariants import KILLED
from tests.faults.origin import Answer, End, Request, slowly

JOB = "00000000-0000-4000-8000-000000000001"
ENDLESS = float("inf")
SIGNALS = [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]


def _shell(script: str) -> tuple[str, ...]:
    """Runs the command as "$@" of a script."""
    return ("sh", "-c", script, "sh")


class TestSignals:
    @pytest.mark.row("E3", "E6", "E7")
    @pytest.mark.parametrize(("number", "exit_code"), SIGNALS, ids=["INT", "TERM", "HUP"])
    def test_a_signal_while_waiting_ends_it_with_the_way_to_go_on(
        self, edit: Edit, fake: Fake, number: signal.Signals, exit_code: int
    ) -> None:
        fake.pending = ENDLESS
        running = edit.start()
        fake.wait_for_looks(1)

        running.send(number)
        run = running.finish(within=15)

        assert run.ending == (exit_code, "interrupted")
        assert (run.error["job_id"], f"aeforge job wait {JOB}" in run.error["hint"]) == (JOB, True)
        assert edit.states() == ["accepted"]

    @pytest.mark.row("E3")
    def test_ctrl_c_on_a_terminal_leaves_the_id_on_the_screen(self, aeforge: Aeforge, edit: Edit, fake: Fake) -> None:
        fake.pending = ENDLESS
        terminal = aeforge.terminal("inpaint", edit.photo, "-p", "x", env=fake.env)
        fake.wait_for_looks(1)

        terminal.types("\x03")
        run = terminal.finish(within=15)

        assert run.exit == 130
        assert f"aeforge job wait {JOB}" in run.stderr

    @pytest.mark.row("E4")
    @pytest.mark.parametrize(("number", "exit_code"), SIGNALS, ids=["INT", "TERM", "HUP"])
    def test_a_signal_during_the_submission_waits_for_the_id(
        self, edit: Edit, fake: Fake, number: signal.Signals, exit_code: int
    ) -> None:
        fake.submissions.always(slowly(1.0))
        running = edit.start()
        fake.wait_for_posts(1)

        running.send(number)
        run = running.finish(within=20)

        assert run.exit == exit_code
        assert JOB in run.stderr
        assert (len(fake.posts()), edit.states()) == (1, ["accepted"])

    @pytest.mark.row("E5")
    def test_a_second_signal_leaves_at_once_and_the_job_stays_in_doubt(self, edit: Edit, fake: Fake) -> None:
        fake.submissions.says(Answer(raw=b"", end=End.STALL))
        running = edit.start()
        fake.wait_for_posts(1)

        running.send(signal.SIGINT)
        time.sleep(0.3)  # two signals at once are one
        running.send(signal.SIGINT)
        run = running.finish(within=15)
        again = edit()

        assert run.exit == 130
        assert again.ending == (10, "submit_unknown")
        assert (len(fake.ledger), edit.states()) == (1, ["unknown"])

    @pytest.mark.row("E7")
    def test_a_hangup_that_was_ignored_at_the_start_stays_ignored(self, edit: Edit, fake: Fake) -> None:
        fake.pending = ENDLESS
        running = edit.start(under=_shell('trap "" HUP; exec "$@"'))
        fake.wait_for_looks(1)

        running.send(signal.SIGHUP)
        time.sleep(0.2)
        fake.finish()

        assert running.finish().exit == 0

    @pytest.mark.row("E7")
    def test_a_terminal_that_closes_loses_no_job(self, aeforge: Aeforge, edit: Edit, fake: Fake) -> None:
        fake.pending = ENDLESS
        terminal = aeforge.terminal("inpaint", edit.photo, "-p", "x", env=fake.env)
        fake.wait_for_looks(1)

        terminal.hang_up()
        run = terminal.running.finish(within=20)

        assert run.exit in {129, 141}
        assert edit.states() == ["accepted"]

    @pytest.mark.row("E8")
    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["INT", "TERM"])
    def test_what_is_queued_is_not_bought_after_a_signal(
        self, aeforge: Aeforge, fake: Fake, photos: list[Path], number: signal.Signals
    ) -> None:
        fake.pending = ENDLESS
        fake.submissions.always(slowly(0.2))
        running = aeforge.start("inpaint", *photos, "-p", "x", "--json", "-j", "3", "--yes", env=fake.env)
        fake.wait_for_posts(3)

        running.send(number)
        at_the_signal = len(fake.posts())
        run = running.finish(within=20)

        assert run.exit == 128 + number
        assert len(fake.posts()) <= at_the_signal + 3
        assert (
            f"{len(fake.ledger)} jobs in progress at the service (aeforge job list --pending)" in run.error["message"]
        )

    @pytest.mark.row("E8")
    def test_of_results_that_arrive_when_a_signal_does_each_is_told_or_not_there(
        self, aeforge: Aeforge, fake: Fake, photos: list[Path], out: Path
    ) -> None:
        options = ("-p", "x", "--json", "-o", f"{out}/", "-j", "40")
        running = aeforge.start("inpaint", *photos[:40], *options, env=fake.env)
        fake.wait_for_fetches(4)

        running.send(signal.SIGINT)
        run = running.finish(within=20)

        assert run.exit == 130
        told = [file["path"] for row in run.rows for file in row["files"]]
        assert sorted(told) == sorted(map(str, out.iterdir()))

    @pytest.mark.row("E6", "E8")
    def test_a_batch_says_what_it_waits_for_after_a_signal(
        self, aeforge: Aeforge, fake: Fake, photos: list[Path]
    ) -> None:
        fake.submissions.always(Answer(raw=b"", end=End.STALL))
        running = aeforge.start("inpaint", *photos[:3], "-p", "x", env={**fake.env, "CI": "true"})
        fake.wait_for_posts(3)

        running.send(signal.SIGINT)
        run = running.finish(within=20)

        assert run.exit == 130
        assert "waiting for the answer to what was already sent; once more leaves at once" in run.stderr

    @pytest.mark.row("E6")
    def test_in_ci_a_cancelled_step_ends_within_its_five_seconds(self, edit: Edit, fake: Fake) -> None:
        fake.submissions.says(Answer(raw=b"", end=End.STALL))
        running = edit.start(env={"CI": "true", "GITHUB_ACTIONS": "true"})
        fake.wait_for_posts(1)

        running.send(signal.SIGINT)
        run = running.finish(within=20)  # without CI it may wait for half a minute

        assert run.exit == 130
        assert edit.states() in (["submitting"], ["unknown"])


class TestStreams:
    @pytest.mark.row("E9")
    def test_a_reader_that_leaves_stops_the_buying(self, aeforge: Aeforge, fake: Fake, photos: list[Path]) -> None:
        running = aeforge.start("inpaint", *photos[:30], "-p", "x", "--json", "-j", "1", env=fake.env)
        assert running.process.stdout is not None
        first = running.process.stdout.readline()
        running.process.stdout.close()
        running.process.stdout = None

        run = running.finish()

        assert (run.exit, first[:1]) == (141, b"{")
        assert "Traceback" not in run.stderr
        assert len(fake.posts()) < 10

    @pytest.mark.row("E8")
    @pytest.mark.skipif(sys.platform != "linux", reason="makes a pipe small")
    def test_a_reader_that_stalls_does_not_hold_up_a_signal(
        self, aeforge: Aeforge, fake: Fake, photos: list[Path]
    ) -> None:
        running = aeforge.start("inpaint", *photos[:40], "-p", "x", "--json", "-j", "40", env=fake.env)
        unread = running.process.stdout
        assert unread is not None
        fcntl.fcntl(unread, fcntl.F_SETPIPE_SZ, 4096)
        fake.wait_for_looks(40)
        while not select.select([unread], [], [], 0.1)[0]:
            pass
        time.sleep(0.5)  # enough for the few lines that fill the pipe

        running.send(signal.SIGINT)

        assert running.process.wait(20) == 130
        unread.close()
        running.process.stdout = None
        assert "not all finished jobs could be printed: aeforge job list" in running.finish().stderr

    @pytest.mark.row("E10")
    @pytest.mark.parametrize("stdout", [">/dev/full", ">&-"])
    def test_a_result_that_cannot_be_written_is_recorded(self, edit: Edit, out: Path, stdout: str) -> None:
        run = edit.start("-o", out / "sky.png", under=_shell(f'exec "$@" {stdout}')).finish()

        assert run.exit == 141
        assert "Traceback" not in run.stderr
        assert ((out / "sky.png").exists(), edit.states()) == (True, ["saved"])

    @pytest.mark.row("E10")
    @pytest.mark.parametrize("stdout", [">/dev/full", ">&-"])
    @pytest.mark.parametrize("words", [("--version",), ("--help",), ("config", "path")], ids=" ".join)
    def test_what_cannot_be_printed_is_no_crash(self, aeforge: Aeforge, words: Sequence[str], stdout: str) -> None:
        run = aeforge.start(*words, under=_shell(f'exec "$@" {stdout}')).finish()

        assert (run.exit, "Traceback" in run.stderr, "ignored" in run.stderr) == (141, False, False)

    @pytest.mark.row("E11")
    @pytest.mark.parametrize("stderr", ["2>&-", "2>/dev/full"])
    @pytest.mark.parametrize("options", [(), ("--debug",)], ids=repr)
    def test_nobody_listening_to_the_conversation_is_no_obstacle(
        self, edit: Edit, out: Path, stderr: str, options: tuple[str, ...]
    ) -> None:
        run = edit.start("-o", out / "sky.png", *options, under=_shell(f'exec "$@" {stderr}')).finish()

        assert (run.exit, len(run.rows), (out / "sky.png").exists()) == (0, 1, True)

    @pytest.mark.row("E16")
    @pytest.mark.parametrize(
        "env", [{"TERM": "dumb", "NO_COLOR": "1"}, {"TERM": "dumb", "FORCE_COLOR": "1"}, {"CI": "true"}], ids=repr
    )
    def test_nothing_moves_where_nothing_may(
        self, aeforge: Aeforge, edit: Edit, fake: Fake, env: Mapping[str, str]
    ) -> None:
        run = aeforge.terminal("inpaint", edit.photo, "-p", "x", env={**fake.env, **env}).finish()

        assert run.exit == 0
        assert [mark for mark in ("\x1b[?25", "\x1b[2K", "\x1b[1A") if mark in run.stderr] == []

    @pytest.mark.row("E16")
    def test_a_pipe_gets_one_plain_line_per_event(self, aeforge: Aeforge, edit: Edit, fake: Fake) -> None:
        run = aeforge("inpaint", edit.photo, "-p", "x", env={**fake.env, "FORCE_COLOR": "1", "GITHUB_ACTIONS": "true"})

        assert run.exit == 0
        assert ("\r" in run.stderr, "\x1b[2K" in run.stderr) == (False, False)
        assert JOB in run.stderr

    @pytest.mark.row("E16")
    def test_a_narrow_terminal_is_no_obstacle(self, aeforge: Aeforge, edit: Edit, fake: Fake) -> None:
        fake.pending = 1

        run = aeforge.terminal("inpaint", edit.photo, "-p", "x", env=fake.env, columns=20).finish()

        assert run.exit == 0
        assert fake.jobs[JOB].images[0] in run.stderr.replace("\r\n", "")

    @pytest.mark.row("E17")
    @pytest.mark.parametrize(
        ("words", "named"),
        [
            pytest.param(("auth", "login"), "key", id="login"),
            pytest.param(("inpaint", "photo.png"), "-p ", id="prompt"),
        ],
    )
    def test_without_a_terminal_nothing_is_asked(
        self, aeforge: Aeforge, fake: Fake, photo: Path, words: tuple[str, ...], named: str
    ) -> None:
        run = aeforge(*words, env={**fake.env, "AEFORGE_API_KEY": None}, within=10)

        assert run.exit in {2, 4}
        assert named in run.stderr

    @pytest.mark.row("E17")
    def test_without_a_terminal_a_large_batch_needs_a_yes(
        self, aeforge: Aeforge, fake: Fake, photos: list[Path]
    ) -> None:
        run = aeforge("inpaint", *photos, "-p", "x", "--json", env=fake.env, within=10)

        assert run.exit in {2, 7}
        assert "--yes" in run.error["hint"]
        assert fake.posts() == []

    @pytest.mark.row("E18")
    @pytest.mark.parametrize(
        "env",
        [
            {"LC_ALL": "C", "LANG": None, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
            {"PYTHONIOENCODING": "ascii"},
            {"PYTHONIOENCODING": "cp1252"},
            {"PYTHONIOENCODING": "ascii:strict"},
        ],
        ids=repr,
    )
    @pytest.mark.parametrize("options", [("--verbose",), ("--json",)], ids=repr)
    def test_a_screen_of_few_letters_is_no_obstacle(
        self, aeforge: Aeforge, fake: Fake, photo: Path, out: Path, env: Mapping[str, str], options: tuple[str, ...]
    ) -> None:
        named = photo.rename(photo.with_name("h\u00e9 \u2713 \U0001f600.png"))

        run = aeforge("inpaint", named, "-p", "x", *options, "-o", f"{out}/", env={**fake.env, **env})

        assert run.exit == 0
        assert len(list(out.iterdir())) == 1

    @pytest.mark.row("E18")
    @pytest.mark.parametrize("text", ["blauer H\u00fcmmel", "\u5929\u7a7a \U0001f600", "@@\u00fc"])
    @pytest.mark.parametrize("locale", ["C", "POSIX", "C.UTF-8"])
    def test_a_text_argument_in_utf_8_is_that_text_in_every_locale(
        self, aeforge: Aeforge, fake: Fake, photo: Path, text: str, locale: str
    ) -> None:
        env = {**fake.env, "LC_ALL": locale, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}

        run = aeforge("inpaint", photo, "-p", text, "--json", env=env)
        found = aeforge("job", "list", "--search", text.removeprefix("@"), "--json", env=env)

        assert (run.exit, dict(fake.ledger[0].fields)["prompt"]) == (0, text.replace("@@", "@"))
        assert [row["prompt"] for row in found.rows] == [text.replace("@@", "@")]

    @pytest.mark.row("E18")
    @pytest.mark.parametrize("env", [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C"}], ids=repr)
    def test_a_terminal_of_few_letters_is_no_obstacle(
        self, aeforge: Aeforge, edit: Edit, fake: Fake, env: Mapping[str, str]
    ) -> None:
        fake.pending = 1

        assert aeforge.terminal("inpaint", edit.photo, "-p", "x", env={**fake.env, **env}).finish().exit == 0

    @pytest.mark.row("E19")
    def test_a_folder_that_is_gone_is_no_crash(self, edit: Edit, out: Path) -> None:
        gone = _shell('mkdir gone && cd gone && rmdir ../gone && exec "$@"')

        relative = edit.start("-o", "sky.png", under=gone).finish()
        absolute = edit.start("-o", out / "sky.png", under=gone).finish()

        assert relative.ending == (9, "cannot_save")
        assert absolute.exit == 0


class TestKilled:
    @pytest.mark.row("E2", "E14")
    @pytest.mark.parametrize("seed", range(8 * SOAK))
    def test_one_process_killed_at_any_moment(self, edit: Edit, fake: Fake, out: Path, seed: int) -> None:
        chance = random.Random(seed)
        fake.submissions.always(_often_broken(chance))
        running = edit.start("-o", out / "sky.png")

        time.sleep(chance.uniform(0.1, 1.8))
        running.process.kill()
        killed = running.finish()
        fake.submissions.always(None)
        after = edit("-o", out / "sky.png")

        assert killed.exit in {KILLED, 0, 10}
        assert after.exit in {0, 9, 10}

    @pytest.mark.row("E2", "E12")
    @pytest.mark.parametrize("seed", range(3 * SOAK))
    def test_three_processes_killed_at_any_moment(
        self, aeforge: Aeforge, fake: Fake, photos: list[Path], out: Path, seed: int
    ) -> None:
        chance = random.Random(seed)
        fake.submissions.always(_often_broken(chance))
        words: tuple[str | Path, ...] = (
            "inpaint",
            *photos[:3],
            "-p",
            "x",
            "--json",
            "-o",
            f"{out}/",
            "--resume",
            "-j",
            "2",
        )
        crowd = [aeforge.start(*words, env=fake.env) for _ in range(3)]

        for running in crowd:
            time.sleep(chance.uniform(0, 1))
            running.process.kill()
            running.finish()
        fake.submissions.always(None)
        after = aeforge(*words, env=fake.env)

        assert after.exit in {0, 6, 10}

    @pytest.mark.row("E14")
    def test_work_that_a_dead_process_was_submitting_is_in_doubt(self, edit: Edit, fake: Fake) -> None:
        fake.submissions.says(Answer(raw=b"", end=End.STALL))
        running = edit.start()
        fake.wait_for_posts(1)
        running.process.kill()
        running.finish()

        again = edit()

        assert again.ending == (10, "submit_unknown")
        assert (len(fake.ledger), edit.states()) == (1, ["unknown"])

    @pytest.mark.row("E14")
    def test_work_that_a_living_process_is_submitting_is_waited_for(self, edit: Edit, fake: Fake) -> None:
        fake.pending = 3
        fake.submissions.says(slowly(1.5))
        first = edit.start()
        fake.wait_for_posts(1)

        second = edit()

        assert (first.finish().exit, second.exit, len(fake.ledger)) == (0, 0, 1)
        assert [(row["job_id"], row["attached"]) for row in second.rows] == [(JOB, True)]


class TestCrowds:
    @pytest.mark.row("E12")
    def test_three_processes_buy_each_picture_once(self, aeforge: Aeforge, fake: Fake, photos: list[Path]) -> None:
        options = (
            "-p",
            "x",
            "--json",
            "-j",
            "4",
            "--no-wait",
        )  # no wait: no job has ended when the last process starts
        crowd = [aeforge.start("inpaint", *photos[:8], *options, env=fake.env) for _ in range(3)]

        exits = [running.finish().exit for running in crowd]

        assert exits == [0, 0, 0]
        assert len(fake.ledger) == 8

    @pytest.mark.row("E13")
    def test_three_writers_of_the_settings_lose_nothing(self, aeforge: Aeforge, home: Home) -> None:
        each = 4 * SOAK
        loop = 'for n in $(seq {0}); do "$@" --profile {1}$n quality pro || exit 1; done'
        crowd = [aeforge.start("config", "set", under=_shell(loop.format(each, name))) for name in ("a", "b", "c")]

        exits = [running.finish(within=60 * SOAK).exit for running in crowd]

        text = (home.config / "config.toml").read_text()
        assert exits == [0, 0, 0]
        assert text.count('quality = "pro"') == 3 * each

    @pytest.mark.row("E15")
    @pytest.mark.skipif(SOAK == 1, reason="takes 30 s: AEFORGE_SOAK=2")
    def test_a_journal_that_stays_locked_is_named(self, edit: Edit, fake: Fake, home: Home) -> None:
        edit.aeforge("job", "list")
        [path] = home.state.rglob("*.sqlite3")
        with sqlite3.connect(path, isolation_level=None) as holder:
            holder.execute("BEGIN EXCLUSIVE")

            run = edit(within=60)

            holder.execute("ROLLBACK")
        holder.close()
        assert run.exit == 1
        assert path.name in run.error["message"]
        assert fake.posts() == []

    @pytest.mark.row("E20")
    def test_a_long_batch_needs_no_more_than_a_short_one(
        self, aeforge: Aeforge, fake: Fake, home: Home, photos: list[Path]
    ) -> None:
        manifest = home.work / "manifest.csv"
        lines = [f"{photos[n % 60]},prompt number {n}" for n in range(120 * SOAK)]
        manifest.write_text("\n".join(["image,prompt", *lines]) + "\n")

        words = ("inpaint", "--manifest", manifest, "--yes", "--json", "-j", "8")
        to_a_file = _shell('exec "$@" >/dev/null 2>talk.txt')  # a full pipe would hold the process up

        running = aeforge.start(*words, env=fake.env, under=to_a_file)
        early, late = _watched(running, fake, len(lines))
        run = running.finish(within=60 * SOAK)

        assert (run.exit, len(fake.ledger)) == (0, len(lines))
        assert late.memory < early.memory + 20_000_000
        assert (late.files <= early.files + 8, late.threads <= early.threads + 2) == (True, True)

    @pytest.mark.row("E21")
    def test_few_open_files_are_enough(self, aeforge: Aeforge, fake: Fake, photos: list[Path], out: Path) -> None:
        words: tuple[str | Path, ...] = ("inpaint", *photos[:40], "-p", "x", "--json", "-o", f"{out}/")

        run = aeforge.start(*words, env=fake.env, under=_shell('ulimit -n 64; exec "$@"')).finish()

        assert (run.exit, len(list(out.iterdir()))) == (0, 40)


@dataclass(frozen=True)
class Use:
    """What a process holds: bytes of memory, open files, threads."""

    memory: int
    files: int
    threads: int


def _use(process: int) -> Use:
    status = dict(line.split(":", 1) for line in Path(f"/proc/{process}/status").read_text().splitlines())
    memory, threads = int(status["VmRSS"].split()[0]) * 1024, int(status["Threads"])
    return Use(memory, len(list(Path(f"/proc/{process}/fd").iterdir())), threads)


def _watched(running: Running, fake: Fake, posts: int) -> tuple[Use, Use]:
    """Early, and late."""
    fake.wait_for_posts(posts // 4, within=60 * SOAK)
    early = _use(running.process.pid)
    fake.wait_for_posts(posts * 9 // 10, within=60 * SOAK)
    return early, _use(running.process.pid)


def _often_broken(chance: random.Random) -> Callable[[Request], Answer | None]:
    """Every fourth submission meets trouble."""
    troubles = (Answer(raw=b"", end=End.FIN), Answer(500), Answer(429, headers={"Retry-After": "0"}))

    def answer(_: Request) -> Answer | None:
        return chance.choice(troubles) if chance.random() < 0.25 else None

    return answer
