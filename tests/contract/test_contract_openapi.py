"""The sandbox keeps what its own OpenAPI document says, for requests nobody thought of."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode, checks

from tests.contract.service import Sandbox
from tests.contract.test_contract_answers import OPERATIONS

BASE = "/public/v1"
DOCUMENTED = [("GET", f"{BASE}/job/{{job_id}}"), *(("POST", BASE + asked.path) for asked in OPERATIONS)]
CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]


@pytest.fixture(scope="module")
def schema(shared_sandbox: Sandbox) -> schemathesis.BaseSchema:
    return schemathesis.openapi.from_url(f"{shared_sandbox.service.origin}/openapi.json")


def test_every_documented_path_is_one_that_is_asked_here(schema: schemathesis.BaseSchema) -> None:
    described = {(method.upper(), path) for path in schema for method in schema[path]}

    assert described == set(DOCUMENTED)


@pytest.mark.parametrize(("method", "path"), DOCUMENTED, ids=map(" ".join, DOCUMENTED))
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["sound", "unsound"])
def test_every_answer_is_one_of_those_documented(
    shared_sandbox: Sandbox, schema: schemathesis.BaseSchema, method: str, path: str, mode: GenerationMode
) -> None:
    operation = schema[path][method]
    key = {"Authorization": f"Bearer {shared_sandbox.service.key}"}

    @settings(max_examples=6, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: schemathesis.Case[Any]) -> None:
        case.call_and_validate(checks=CHECKS, headers=key)

    ask()
