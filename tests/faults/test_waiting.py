"""Looking at a job costs nothing, so every trouble passes, until patience ends; what was paid is never forgotten."""

import json
import math
import threading
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from aeforge_cli.api.transport import Request as Question
from aeforge_cli.jobs.batch import POLLERS
from tests.conftest import Aeforge
from tests.faults.conftest import Edit
from tests.faults.direct import DONE, Direct, order
from tests.faults.fake import Fake, told_as_json
from tests.faults.origin import JUNK, Answer, End, Request

JOB = "00000000-0000-4000-8000-000000000001"
PENDING = told_as_json({"job_id": JOB, "status": "Pending", "image_urls": []})


def test_as_many_connections_are_kept_as_are_asked_at_once(fake: Fake, user: Direct) -> None:
    together = threading.Barrier(POLLERS)

    def answered(_: Request) -> Answer:
        together.wait(10)
        return PENDING

    fake.polls.always(answered)
    looks = [Question("GET", f"{fake.base_url}/job/{JOB}")] * POLLERS

    with ThreadPoolExecutor(POLLERS) as threads:
        for _ in range(3):
            assert [answer.status for answer in threads.map(user.wire.ask, looks)] == [200] * POLLERS

    assert fake.api.connections == POLLERS


class TestTroubleThatPasses:
    @pytest.mark.row("B1")
    @pytest.mark.parametrize(
        "answer",
        [
            pytest.param(Answer(raw=b"", end=End.FIN), id="closed"),
            pytest.param(Answer(raw=b"", end=End.RESET), id="reset"),
            pytest.param(Answer(raw=b"", end=End.STALL), id="silence"),
            pytest.param(Answer(raw=JUNK, end=End.FIN), id="junk"),
            pytest.param(replace(PENDING, cut=20), id="cut in a header"),
            pytest.param(replace(PENDING, cut=-1), id="cut in the body"),
            pytest.param(replace(PENDING, pace=0.05), id="a byte at a time"),
            pytest.param(Answer(200, b"x" * 2_000_000), id="2 MB"),
            pytest.param(Answer(200, PENDING.body, {"Content-Encoding": "gzip"}), id="compressed"),
            pytest.param(Answer(raw=b"HTTP/1.1 103 Early Hints\r\n\r\n", end=End.FIN), id="103"),
            pytest.param(Answer(204), id="204"),
            pytest.param(Answer(302, headers={"Location": "http://127.0.0.1:9/"}), id="redirect"),
        ],
    )
    def test_a_look_that_fails_is_repeated(self, fake: Fake, user: Direct, answer: Answer) -> None:
        fake.polls.says(answer)

        assert user.run() == DONE
        assert (len(fake.ledger), len(fake.looks()), user.states()) == (1, 2, ["succeeded"])

    @pytest.mark.row("B2")
    @pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 520])
    def test_a_service_in_trouble_is_asked_again(self, fake: Fake, user: Direct, status: int) -> None:
        fake.polls.says(*[Answer(status)] * 5)

        assert user.run() == DONE
        assert len(fake.looks()) == 6
        assert all(1 <= wait <= 20 for wait in user.clock.slept)

    @pytest.mark.row("B2")
    @pytest.mark.parametrize("status", [429, 503])
    def test_the_wait_that_the_service_names_is_waited(self, fake: Fake, user: Direct, status: int) -> None:
        fake.polls.says(Answer(status, headers={"Retry-After": "17"}))

        assert user.run() == DONE
        assert 17.0 in user.clock.slept

    @pytest.mark.row("B2")
    @pytest.mark.parametrize("status", [429, 503])
    @pytest.mark.parametrize("asked", ["0", "00", "Sun, 06 Nov 1994 08:49:37 GMT"])
    def test_a_service_that_asks_for_no_wait_is_not_asked_busily(
        self, fake: Fake, user: Direct, status: int, asked: str
    ) -> None:
        fake.polls.says(*[Answer(status, headers={"Retry-After": asked})] * 20)

        assert user.run() == DONE
        assert (len(fake.looks()), len(user.clock.slept) >= 21) == (21, True)
        assert min(user.clock.slept) >= 1.0

    @pytest.mark.row("B2")
    @pytest.mark.parametrize("asked", ["99999999999", "9" * 300, "86400", "Fri, 31 Dec 9999 23:59:59 GMT"])
    def test_no_wait_is_longer_than_five_minutes_whatever_the_service_asks_for(
        self, fake: Fake, user: Direct, asked: str
    ) -> None:
        fake.polls.says(*[Answer(503, headers={"Retry-After": asked})] * 3)
        user.life = replace(user.life, timeout=math.inf)

        assert user.run() == DONE
        assert max(user.clock.slept) == 300.0

    @pytest.mark.row("B4")
    @pytest.mark.parametrize(
        "answer",
        [
            pytest.param(Answer(404, b"<html>404 Not Found</html>", {"Content-Type": "text/html"}), id="page"),
            pytest.param(Answer(404), id="nothing"),
            pytest.param(told_as_json({"message": "no Route matched"}, status=404), id="gateway"),
            pytest.param(told_as_json(["Job not found"], status=404), id="list"),
            pytest.param(Answer(410, b"<html>"), id="410"),
            pytest.param(Answer(400, b"<html>"), id="400"),
        ],
    )
    def test_what_a_gateway_does_not_find_is_no_lost_job(self, fake: Fake, user: Direct, answer: Answer) -> None:
        fake.polls.says(*[answer] * 30)

        assert user.run() == DONE
        assert (sum(user.clock.slept) > 60, user.states()) == (True, ["succeeded"])

    @pytest.mark.row("B13")
    @pytest.mark.parametrize("posted", [str.upper, lambda text: text.replace("-", "")], ids=["capitals", "hex"])
    def test_an_id_that_is_spelt_otherwise_is_the_same_job(
        self, fake: Fake, user: Direct, posted: Callable[[str], str]
    ) -> None:
        fake.submissions.says(fake.accepts(posted(fake.add_job(b"x"))))
        fake.polls.says(fake.job(JOB))

        assert user.run() == DONE
        assert (len(fake.looks()), fake.looks()[0].path) == (1, f"/public/v1/job/{posted(JOB)}")

    @pytest.mark.row("B4")
    def test_a_new_job_may_be_unknown_for_a_moment(self, fake: Fake, user: Direct) -> None:
        fake.polls.says(*[told_as_json({"detail": "Job not found"}, status=404)] * 3)

        assert user.run() == DONE

    @pytest.mark.row("B6")
    @pytest.mark.parametrize("status", ["Queued2", "", None, 7, [], {}, True, "\u0000", "\ud800"], ids=repr)
    def test_a_status_that_is_not_known_means_still_running(self, fake: Fake, user: Direct, status: object) -> None:
        fake.polls.says(told_as_json({"job_id": JOB, "status": status}))

        assert user.run() == DONE
        assert len(fake.looks()) == 2

    @pytest.mark.row("B6")
    def test_a_missing_status_means_still_running(self, fake: Fake, user: Direct) -> None:
        fake.polls.says(told_as_json({"job_id": JOB}))

        assert user.run() == DONE

    @pytest.mark.row("B6")
    @pytest.mark.parametrize("status", ["succeed", "SUCCEED", "Succeed"])
    def test_case_does_not_count_in_a_status(self, fake: Fake, user: Direct, status: str) -> None:
        job_id = fake.add_job(b"x")
        fake.submissions.says(fake.accepts(job_id))
        fake.polls.says(fake.job(job_id, status=status))

        assert user.run() == DONE
        assert len(fake.looks()) == 1

    @pytest.mark.row("B8")
    @pytest.mark.parametrize("urls", [None, [], "http://127.0.0.1/x", {"a": 1}, [None], [5], [""]], ids=repr)
    def test_results_may_come_a_little_later_than_success(self, fake: Fake, user: Direct, urls: object) -> None:
        fake.polls.says(*[told_as_json({"job_id": JOB, "status": "Succeed", "image_urls": urls})] * 3)

        assert user.run() == DONE
        assert len(fake.looks()) == 4

    @pytest.mark.row("B10", "B16")
    @pytest.mark.parametrize(
        "extra",
        [
            pytest.param(b'"progress": 150', id="150 percent"),
            pytest.param(b'"progress": -5', id="backwards"),
            pytest.param(b'"progress": NaN', id="not a number"),
            pytest.param(b'"progress": 1e400', id="infinite"),
            pytest.param(b'"status": "Pending"', id="duplicate key"),
            pytest.param(b'"new": {"deep": [1, 2, {"er": null}]}', id="unknown field"),
        ],
    )
    def test_what_is_not_documented_is_ignored(self, fake: Fake, user: Direct, extra: bytes) -> None:
        fake.polls.says(Answer(200, b'{"job_id": "%b", "status": "Pending", %b}' % (JOB.encode(), extra)))

        assert user.run() == DONE
        assert len(fake.looks()) == 2

    @pytest.mark.row("B10")
    def test_a_byte_order_mark_is_no_obstacle(self, fake: Fake, user: Direct) -> None:
        job_id = fake.add_job(b"x")
        fake.submissions.says(fake.accepts(job_id))
        fake.polls.says(Answer(200, b"\xef\xbb\xbf" + fake.job(job_id).body))

        assert user.run() == DONE
        assert len(fake.looks()) == 1

    @pytest.mark.row("B11", "B13")
    @pytest.mark.parametrize(
        "body",
        [
            pytest.param(b'{"status": ' + b"9" * 5000 + b"}", id="5000 digits"),
            pytest.param(b"[" * 200_000, id="200000 brackets"),
            pytest.param(b"", id="nothing"),
            pytest.param(b"null", id="null"),
            pytest.param(b'["Succeed"]', id="list"),
            pytest.param(b"<html>", id="HTML"),
            pytest.param(b'{"status": "Succeed\xff"}', id="not UTF-8"),
            pytest.param(b'{"job_id": "another", "status": "Failed"}', id="another job"),
        ],
    )
    def test_an_answer_that_makes_no_sense_is_asked_for_again(self, fake: Fake, user: Direct, body: bytes) -> None:
        fake.polls.says(Answer(200, body, {"Content-Type": "application/json"}))

        assert user.run() == DONE
        assert len(fake.looks()) == 2

    @pytest.mark.row("B9")
    def test_a_thousand_links_are_not_all_followed(self, fake: Fake, user: Direct) -> None:
        links = [f"{fake.cdn.url}/{n}.png" for n in range(1000)]
        fake.polls.says(told_as_json({"job_id": JOB, "status": "Succeed", "image_urls": links}))

        assert user.life_of(order()).image_urls == tuple(links[:64])

    @pytest.mark.row("B9")
    def test_a_link_that_comes_twice_is_fetched_once(self, fake: Fake, user: Direct, out: Path) -> None:
        fake.polls.says(_twice(fake))

        assert user.run(order(f"{out}/")) == DONE
        assert (len(fake.cdn.requests), len(list(out.iterdir()))) == (1, 1)


class TestTroubleThatStays:
    @pytest.mark.row("B3")
    def test_a_service_that_is_gone_until_patience_ends_keeps_the_job(self, fake: Fake, user: Direct) -> None:
        until = user.clock.time + 60
        job = user.life.obtain_now(order(), until)
        fake.api.close()
        [(job, end)] = user.life.wait_for_all([job], until)

        ending = user.ending(end)

        assert ending == "unreachable 5"
        assert (user.failure.job_id, f"aeforge job wait {JOB}" in user.failure.hint) == (JOB, True)
        assert (user.clock.time, user.states()) == (until, ["accepted"])

    @pytest.mark.row("B4")
    def test_a_job_that_stays_unknown_is_lost(self, fake: Fake, user: Direct) -> None:
        fake.polls.always(told_as_json({"detail": "Job not found"}, status=404))

        assert user.run() == "job_not_found 2"
        assert (user.failure.job_id, user.states()) == (JOB, ["lost"])
        assert 30 <= sum(user.clock.slept) <= 60

    @pytest.mark.row("B5")
    def test_a_key_that_is_withdrawn_meanwhile_loses_no_job(self, edit: Edit, fake: Fake, out: Path) -> None:
        fake.polls.says(Answer(401))

        run = edit("-o", out / "sky.png")
        states = edit.states()
        later = edit.aeforge("job", "wait", JOB, "-o", out / "sky.png", "--json", env=fake.env)

        assert (run.ending, states) == ((4, "key_rejected"), ["accepted"])
        assert run.error["job_id"] == JOB
        assert (later.exit, edit.states()) == (0, ["saved"])

    @pytest.mark.row("B7")
    @pytest.mark.parametrize("reason", [None, "no blue left", "\x1b[31m[/]"], ids=repr)
    def test_a_job_that_failed_is_not_bought_again_by_itself(self, edit: Edit, fake: Fake, reason: str | None) -> None:
        fake.polls.says(told_as_json({"job_id": JOB, "status": "Failed", "reason": reason}))

        run = edit()

        assert run.ending == (3, "job_failed")
        assert (run.error["job_id"], len(fake.ledger), edit.states()) == (JOB, 1, ["failed"])

    @pytest.mark.row("B8")
    def test_success_without_results_is_told_with_the_id(self, fake: Fake, user: Direct) -> None:
        fake.polls.always(told_as_json({"job_id": JOB, "status": "Succeed", "image_urls": []}))

        assert user.run() == "unexpected_answer 1"
        assert (user.failure.job_id, len(fake.looks())) == (JOB, 4)

    @pytest.mark.row("B11")
    def test_answers_without_sense_until_patience_ends_do_not_finish_the_job(self, fake: Fake, user: Direct) -> None:
        fake.polls.always(Answer(200, b"<html>"))

        assert user.run() == "unexpected_answer 1"
        assert user.states() == ["accepted"]

    @pytest.mark.row("B14")
    def test_patience_ends_with_the_id_and_nothing_is_lost(self, fake: Fake, user: Direct) -> None:
        fake.pending = math.inf

        assert user.run() == "still_running 8"
        assert (user.failure.job_id, user.states()) == (JOB, ["accepted"])
        assert sum(user.clock.slept) == pytest.approx(600)

    @pytest.mark.row("B14")
    def test_a_process_that_runs_out_of_patience_says_how_to_go_on(self, edit: Edit, fake: Fake) -> None:
        fake.pending = math.inf

        run = edit("--timeout", "1s")

        assert run.ending == (8, "still_running")
        assert f"aeforge job wait {JOB}" in run.error["hint"]
        assert run.error["retryable"] is True


class TestTime:
    @pytest.mark.row("B15")
    @pytest.mark.parametrize("jumps", [(3600.0, -3600.0), (0.0, -86400.0), (86400.0, 0.0)], ids=repr)
    def test_a_calendar_that_jumps_changes_nothing(self, fake: Fake, user: Direct, jumps: tuple[float, float]) -> None:
        hours = iter(jumps * 50)
        user.clock.drift = lambda: next(hours)
        fake.pending = 20

        assert user.run() == DONE
        assert len(fake.looks()) == 21

    @pytest.mark.row("B17")
    def test_looks_become_rarer_as_the_service_recommends(self, fake: Fake, user: Direct) -> None:
        fake.pending = 40

        user.run()

        assert user.clock.slept[0] == 1.0
        assert all(1 <= wait <= 10 for wait in user.clock.slept)
        assert user.clock.slept == sorted(user.clock.slept)

    @pytest.mark.row("B17")
    def test_many_jobs_are_looked_at_in_turn(self, aeforge: Aeforge, fake: Fake, photos: list[Path]) -> None:
        fake.pending = 1

        run = aeforge("inpaint", *photos[:16], "-p", "x", "--json", "-j", "16", env=fake.env)

        moments: dict[str, list[float]] = defaultdict(list)
        for look in fake.looks():
            moments[look.path].append(look.at)
        pauses = [later - earlier for at in moments.values() for earlier, later in pairwise(at)]
        assert (run.exit, len(moments), len(pauses)) == (0, 16, 16)
        assert min(pauses) > 0.9


class TestForeignWords:
    @pytest.mark.row("B12")
    @pytest.mark.parametrize("options", [(), ("--json",), ("--verbose",)], ids=repr)
    def test_no_status_reaches_the_screen_as_it_is(self, edit: Edit, fake: Fake, options: tuple[str, ...]) -> None:
        hostile = ["\x1b[2J", "\x00", "[/red]", "\ud800", "\u202egnp", "a\nsaved out.png", "x" * 100_000]
        fake.polls.says(*(told_as_json({"job_id": JOB, "status": status}) for status in hostile))

        run = edit.aeforge("inpaint", edit.photo, "-p", "x", *options, "--poll-interval", "0.05s", env=fake.env)

        assert run.exit == 0
        assert "\nsaved out.png" not in run.stderr
        assert "x" * 600 not in run.stderr


def _twice(fake: Fake) -> Callable[[Request], Answer]:
    def answer(_: Request) -> Answer:
        return fake.job(JOB, image_urls=fake.jobs[JOB].images * 2)

    return answer


def test_json_of_a_job_is_one_line_of_ascii(edit: Edit, fake: Fake, out: Path) -> None:
    run = edit("-o", out / "sky\u00e4.png")

    assert run.output.isascii()
    assert run.output.count(b"\n") == 1
    assert json.loads(run.output)["status"] == "Succeed"
