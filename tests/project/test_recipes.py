"""Each recipe for many processes is run, or is valid by the schema of the program that reads it."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from aeforge_cli.errors import Exit
from aeforge_cli.manual.from_typer import whole_tree
from tests.conftest import Home, png
from tests.faults.fake import Fake
from tests.project.commandlines import invocations, wrong_with

RECIPES = Path(__file__).parents[1] / "recipes"
README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
TREE = whole_tree()
JOBS = 9


@pytest.fixture
def fake() -> Iterator[Fake]:
    server = Fake()
    yield server
    server.close()


@pytest.fixture
def manifest(home: Home) -> Path:
    """A list of nine pictures."""
    path = home.work / "jobs.jsonl"
    with path.open("w", encoding="utf-8") as lines:
        for number in range(JOBS):
            (home.work / f"{number}.png").write_bytes(png(number))
            lines.write(json.dumps({"image": f"{number}.png", "prompt": "blue sky"}) + "\n")
    return path


def ran(script: str, home: Home, fake: Fake, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    served = {name: str(value) for name, value in fake.env.items()}
    env = {**home.env, **served, "PATH": path, **variables}
    command = ["bash", str(RECIPES / script), *words]
    return subprocess.run(command, cwd=home.work, env=env, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("script", "program"), [("parallel.sh", "parallel"), ("xargs.sh", "xargs"), ("shared.sh", "xargs")]
)
def test_processes_share_a_list_and_pay_once_for_each_picture(
    script: str, program: str, home: Home, fake: Fake, manifest: Path
) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")

    first = ran(script, home, fake, manifest.name, "out/", "3")
    second = ran(script, home, fake, manifest.name, "out/", "3")

    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert len(list((home.work / "out").iterdir())) == JOBS
    assert (len(fake.charged), fake.bought_twice) == (JOBS, [])


def test_the_tasks_of_a_slurm_array_do_all_of_the_list_once(home: Home, fake: Fake, manifest: Path) -> None:
    ends = [
        ran(
            "slurm.sh",
            home,
            fake,
            manifest.name,
            "out/",
            SLURM_ARRAY_TASK_ID=str(task),
            SLURM_ARRAY_TASK_MIN="1",
            SLURM_ARRAY_TASK_COUNT="3",
        ).returncode
        for task in (1, 2, 3)
    ]

    assert ends == [0, 0, 0]
    assert len(list((home.work / "out").iterdir())) == JOBS
    assert (len(fake.charged), fake.bought_twice) == (JOBS, [])


@pytest.mark.parametrize("script", ["parallel.sh", "slurm.sh"])
def test_a_recipe_with_a_shared_journal_in_the_place_of_parts_pays_once(
    script: str, home: Home, fake: Fake, manifest: Path, tmp_path: Path
) -> None:
    if shutil.which("parallel") is None:
        pytest.skip("parallel is not installed")
    text = (RECIPES / script).read_text("utf-8")
    assert "replace --shard ... by --share" in text
    shared = tmp_path / script
    shared.write_text(re.sub(r'--shard ".*"', "--share", text).replace("parallel --halt", "parallel -N0 --halt"))
    words = (manifest.name, "out/", *(["3"] if script == "parallel.sh" else []))
    task = {"SLURM_ARRAY_TASK_ID": "1", "AEFORGE_STATE_DIR": str(home.state)} if script == "slurm.sh" else {}

    run = ran(str(shared), home, fake, *words, **task)

    assert run.returncode == 0, run.stderr
    assert len(list((home.work / "out").iterdir())) == JOBS
    assert (len(fake.charged), fake.bought_twice) == (JOBS, [])


def test_sbatch_reads_its_options_before_the_first_command() -> None:
    head, _, rest = (RECIPES / "slurm.sh").read_text("utf-8").partition("set -euo")

    assert "#SBATCH --array=1-8" in head
    assert "#SBATCH --signal=B:TERM@60" in head, "without B: the batch shell, which aeforge replaces, gets no signal"
    assert "#SBATCH" not in rest


def test_kubernetes_accepts_the_job() -> None:
    validate = pytest.importorskip("kubernetes_validate", reason="kubernetes-validate is not installed")
    yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")
    job = yaml.safe_load((RECIPES / "kubernetes.yaml").read_text("utf-8"))

    validate.validate(job, "1.33", strict=True)
    refused = job["spec"]["podFailurePolicy"]["rules"][0]["onExitCodes"]["values"]
    assert set(refused) <= {int(code) for code in Exit}


def test_github_accepts_the_workflow() -> None:
    if (check := _beside_python("check-jsonschema")) is None:
        pytest.skip("check-jsonschema is not installed")
    schema = ["--builtin-schema", "vendor.github-workflows"]

    run = subprocess.run([check, *schema, RECIPES / "github-matrix.yml"], capture_output=True, text=True, check=False)

    assert run.returncode == 0, run.stdout


def test_zizmor_finds_nothing_unsafe_in_the_workflow() -> None:
    if (zizmor := _beside_python("zizmor")) is None:
        pytest.skip("zizmor is not installed")

    run = subprocess.run(
        [zizmor, "--offline", RECIPES / "github-matrix.yml"], capture_output=True, text=True, check=False
    )

    assert run.returncode == 0, run.stdout


def _beside_python(name: str) -> str | None:
    return shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")
@pytest.mark.parametrize("script", sorted(RECIPES.glob("*.sh")), ids=lambda path: path.name)
def test_shellcheck_finds_nothing(script: Path) -> None:
    run = subprocess.run(["shellcheck", script], capture_output=True, text=True, check=False)

    assert (run.returncode, run.stdout) == (0, "")


@pytest.mark.parametrize("recipe", sorted(RECIPES.iterdir()), ids=lambda path: path.name)
def test_every_command_line_of_a_recipe_makes_sense_and_the_readme_names_the_recipe(recipe: Path) -> None:
    text = recipe.read_text("utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if re.search(r"\baeforge inpaint ", line) and not line.startswith("#")]

    found = [problem for line in lines for words in invocations(line) for problem in wrong_with(words, TREE)]

    assert found == []
    assert f"tests/recipes/{recipe.name}" in README


def test_every_option_that_the_workflow_passes_on_exists() -> None:
    text = (RECIPES / "github-matrix.yml").read_text("utf-8")
    inpaint = TREE.at(["inpaint"])
    known = {name for option in inpaint.options for name in option.names} if inpaint else set()

    assert set(re.findall(r"^ +(--\S+)$", text, re.MULTILINE)) <= known
    inputs = re.findall(r"^  ([\w-]+):$", _action_inputs(), re.MULTILINE)
    used = text.partition("actions/aeforge@")[2].partition("- uses:")[0]
    assert set(re.findall(r"^          ([\w-]+):", used, re.MULTILINE)) <= set(inputs)


def _action_inputs() -> str:
    action = Path(__file__).parents[2] / ".github/actions/aeforge/action.yml"
    return action.read_text("utf-8").partition("\noutputs:")[0]
