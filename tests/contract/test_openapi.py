"""The OpenAPI documents say what is asked and answered: whatever routes there are.

A route that fails here lacks a `summary=`, a docstring, `responses=problems(...)`, or a description
of a field or parameter: see utils/web/openapi.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from ingestion_orchestration_fastapi_app import errors as orchestrator_errors
from ingestion_orchestration_fastapi_app.main import create_app as create_orchestrator
from ingestion_orchestration_fastapi_app.settings import Settings as OrchestratorSettings
from ml_inference_fastapi_app import errors as inference_errors
from ml_inference_fastapi_app.main import create_app as create_inference
from ml_inference_fastapi_app.settings import Settings as InferenceSettings
from utils import problems
from utils.contract import ErrorCode
from utils.problems import Problem

PROBLEM = "application/problem+json"
# What ends the process at its start, or is made of another answer: in no operation's document.
NOT_ANSWERED = {
    ErrorCode.DATA_FOLDER_LOCKED,
    ErrorCode.DATA_FOLDER,
    ErrorCode.NOT_FOUND,
    ErrorCode.METHOD_NOT_ALLOWED,
}


@cache
def document(service: str) -> Any:
    if service == "inference":
        return create_inference(InferenceSettings(disable_captions=True)).openapi()
    folder = Path(gettempdir())
    return create_orchestrator(
        OrchestratorSettings(data_dir=folder, ingest_roots=(folder,))
    ).openapi()


def operations() -> Iterator[Any]:
    for service in ("orchestrator", "inference"):
        for path, methods in document(service)["paths"].items():
            for method, operation in methods.items():
                name = f"{service} {method.upper()} {path}"
                yield pytest.param(service, operation, id=name)


def schemas() -> Iterator[Any]:
    for service in ("orchestrator", "inference"):
        for name, schema in document(service)["components"]["schemas"].items():
            yield pytest.param(service, schema, id=f"{service} {name}")


every_operation = pytest.mark.parametrize(("service", "operation"), [*operations()])


def resolved(service: str, schema: Any) -> Any:
    name = schema.get("$ref", "").removeprefix("#/components/schemas/")
    return document(service)["components"]["schemas"][name] if name else schema


def validator(service: str, schema: Any) -> Draft202012Validator:
    return Draft202012Validator({**schema, "components": document(service)["components"]})


def examples(service: str, content: Any) -> list[Any]:
    schema = resolved(service, content["schema"])
    own = [one["value"] for one in content.get("examples", {}).values()]
    return [
        *own,
        *([content["example"]] if "example" in content else []),
        *schema.get("examples", []),
    ]


@pytest.mark.parametrize("service", ["orchestrator", "inference"])
def test_a_document_names_its_operations_for_people_and_generators(service: str) -> None:
    told = document(service)
    assert told["info"]["description"]
    tags = {tag["name"]: tag["description"] for tag in told["tags"]}
    ids = []
    for methods in told["paths"].values():
        for operation in methods.values():
            ids.append(operation["operationId"])
            assert set(operation["tags"]) <= set(tags)
    assert len(ids) == len(set(ids))
    assert all(tags.values())


@every_operation
def test_an_operation_is_described(service: str, operation: Any) -> None:
    assert re.fullmatch(r"[a-z]+(_[a-z]+)+", operation["operationId"])
    assert len(operation["tags"]) == 1
    summary = operation["summary"]
    assert summary != operation["operationId"].replace("_", " ").title(), "made of its name"
    assert re.fullmatch(r"[A-Z][\w' -]+\??", summary), summary
    assert len(operation["description"]) > len("What it does."), "it has no docstring"


@every_operation
def test_parameters_are_described_and_exemplified(service: str, operation: Any) -> None:
    for parameter in operation.get("parameters", []):
        assert parameter.get("description"), parameter["name"]
        shown = {"example", "examples", "default", "enum"} & {*parameter, *parameter["schema"]}
        assert shown or not parameter["required"], parameter["name"]


@every_operation
def test_numbers_and_texts_of_a_request_have_bounds(service: str, operation: Any) -> None:
    asked = [(one["name"], one["schema"]) for one in operation.get("parameters", [])]
    bodies = operation.get("requestBody", {}).get("content", {})
    asked += [("body", content["schema"]) for content in bodies.values()]
    for name, schema in asked:
        for part in parts(service, schema):
            kind = part.get("type")
            if kind in ("integer", "number"):
                assert {"minimum", "maximum"} <= part.keys(), (name, part)
            if kind == "string":
                known = {
                    "maxLength",
                    "enum",
                    "format",
                    "pattern",
                    "const",
                    "contentMediaType",
                } & part.keys()
                assert known, (name, part)
            if kind == "array":
                assert "maxItems" in part or part["items"].get("format") == "binary", (name, part)


def parts(service: str, schema: Any, above: frozenset[str] = frozenset()) -> Iterator[Any]:
    """The schema and all that it is made of; what holds itself (`above` it) once."""
    name = schema.get("$ref")
    if name in above:
        return
    above = above | {name} if name else above
    schema = resolved(service, schema)
    yield schema
    for inner in (*schema.get("anyOf", ()), *schema.get("allOf", ())):
        yield from parts(service, inner, above)
    for inner in (*schema.get("properties", {}).values(), schema.get("items")):
        if isinstance(inner, dict):
            yield from parts(service, inner, above)


@every_operation
def test_bodies_have_examples_that_fit(service: str, operation: Any) -> None:
    for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
        schema = resolved(service, content["schema"])
        assert schema.get("properties"), "not typed"
        assert all(one.get("description") for one in schema["properties"].values())
        if media_type != "multipart/form-data":  # a picture is no text that a document can hold
            assert examples(service, content)
        for example in examples(service, content):
            validator(service, schema).validate(example)


@every_operation
def test_answers_are_typed_and_have_examples_that_fit(service: str, operation: Any) -> None:
    for status, answer in operation["responses"].items():
        assert answer["description"]
        assert "X-Request-ID" in answer["headers"]
        for media_type, content in answer.get("content", {}).items():
            if media_type == "text/event-stream":
                assert content["itemSchema"]["properties"]["data"]["contentSchema"]
                continue
            assert content["schema"], "not typed"
            if "json" not in media_type:
                assert content["schema"]["format"] == "binary"
                continue
            assert examples(service, content), (status, media_type)
            for example in examples(service, content):
                validator(service, content["schema"]).validate(example)
    successes = [one for status, one in operation["responses"].items() if status.startswith("2")]
    assert successes
    assert all("content" in one or "204" in operation["responses"] for one in successes)


@every_operation
def test_problems_are_declared_with_their_codes(service: str, operation: Any) -> None:
    responses = operation["responses"]
    assert {"400", "500"} <= responses.keys()
    if operation.get("security"):
        assert {"401", "403"} <= responses.keys()
    assert ("413" in responses) == ("requestBody" in operation)
    for status, answer in responses.items():
        if int(status) < 400 or status == "416":
            continue
        assert set(answer["content"]) == {PROBLEM}
        own = answer["content"][PROBLEM]["schema"]["allOf"][1]["properties"]
        assert own["status"]["const"] == int(status)
        assert own["code"]["enum"]
        assert set(own["code"]["enum"]) <= set(ErrorCode)


@pytest.mark.parametrize(
    ("service", "module"),
    [("orchestrator", orchestrator_errors), ("inference", inference_errors)],
)
def test_every_problem_is_declared_somewhere(service: str, module: Any) -> None:
    declared = {
        (code, int(status))
        for methods in document(service)["paths"].values()
        for operation in methods.values()
        for status, answer in operation["responses"].items()
        if PROBLEM in answer.get("content", {})
        for code in answer["content"][PROBLEM]["schema"]["allOf"][1]["properties"]["code"]["enum"]
    }
    for kind in (*vars(module).values(), *vars(problems).values()):
        if not (isinstance(kind, type) and issubclass(kind, Problem) and "code" in vars(kind)):
            continue
        assert kind.code in NOT_ANSWERED or (kind.code, kind.status) in declared, kind


@pytest.mark.parametrize(("service", "schema"), [*schemas()])
def test_every_field_is_described(service: str, schema: Any) -> None:
    assert schema.get("description") or "enum" in schema or schema["title"].startswith("Body_")
    for name, field in schema.get("properties", {}).items():
        # One that says what its model says of itself is told once.
        assert field.get("description") or resolved(service, field).get("description"), name


@pytest.mark.parametrize("service", ["orchestrator", "inference"])
def test_the_key_is_a_security_scheme(service: str) -> None:
    schemes = document(service)["components"]["securitySchemes"]
    assert {("apiKey", "header"), ("http", None)} <= {
        (one["type"], one.get("in")) for one in schemes.values()
    }


def test_a_time_without_an_offset_does_not_pretend_to_have_one() -> None:
    taken_at = document("orchestrator")["components"]["schemas"]["ImageReply"]["properties"][
        "taken_at"
    ]
    told = next(one for one in taken_at["anyOf"] if one["type"] == "string")
    assert told["format"] == "date-time-local"
    assert re.fullmatch(told["pattern"], "2009-09-14T11:08:06")
    assert not re.fullmatch(told["pattern"], "2009-09-14T11:08:06Z")
