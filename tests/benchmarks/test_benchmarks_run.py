"""The benchmarks can be run; what they measure is not judged here."""

import io
import urllib.request

from aeforge_cli.files.image_headers import Format, ImageInfo, identify, is_complete
from aeforge_cli.jobs.poll_schedule import PollSchedule
from tests.benchmarks.processes import Cost, Place, cost_of, median_cost, place
from tests.benchmarks.run import HEADER, Row, machine
from tests.benchmarks.schedule import batches, watched
from tests.benchmarks.server import picture


def test_a_padded_picture_is_a_picture_of_that_size() -> None:
    drawn = b"".join(picture(3_000_000))

    assert identify(io.BytesIO(drawn)) == ImageInfo(Format.PNG, 1, 1)
    assert is_complete(io.BytesIO(drawn), Format.PNG)
    assert abs(len(drawn) - 3_000_000) < 100


def test_the_server_writes_down_when_a_job_was_first_seen_to_be_over() -> None:
    with place(median=0, bytes=5000) as here:
        job_id = here.service.job()
        looks = [urllib.request.urlopen(f"{here.service.base_url}/job/{job_id}") for _ in range(2)]
        for look in looks:
            look.close()
        with urllib.request.urlopen(f"{here.service.origin}/images/{job_id}.png") as answer:
            image = answer.read()
        (job,) = here.service.ledger()["jobs"]

    assert (job["polls"], job["made"] <= job["over"] <= job["seen"]) == (2, True)
    assert image == b"".join(picture(5000))


def test_a_command_is_charged_for_what_its_children_took() -> None:
    with place() as here:
        cost = median_cost(1, lambda: busy(here))

    assert cost.over(Cost(0, 0, 0)) == cost
    assert cost.cpu > 0.01


def busy(here: Place) -> Cost:
    return cost_of(["sh", "-c", 'sh -c "i=0; while [ \\$i -lt 20000 ]; do i=\\$((i+1)); done"'], here.env, here.root)


def test_a_batch_is_as_late_as_the_polls_of_its_jobs() -> None:
    found = watched([2.5, 2.5, 2.5], PollSchedule(1.0), in_flight=2)

    assert (found.limit, found.polls) == (5.0, 9)
    assert all(0.5 <= lag < 0.6 for lag in found.lags)
    assert 6.0 < found.seconds < 6.3


def test_batches_are_of_200_jobs_whose_durations_come_by_chance() -> None:
    drawn = batches(1)

    assert {len(lasting) for lasting in drawn.values()} == {200}
    assert drawn == batches(1)
    assert drawn["80 to 130 s"] != batches(2)["80 to 130 s"]


def test_a_row_says_figure_goal_and_their_ratio() -> None:
    assert str(Row("memory", 20, 40, "MB", "little")) == f"{'memory':<70} {'40 MB':>12} {'20 MB':>12}   0.50  little"
    assert len(HEADER) == len(str(Row("memory", 20, 40, "MB"))) - 2
    assert "cores" in machine()
