"""The OpenAPI document: what APIFlask finds out by itself, completed by what is the same for every operation."""

import re
from typing import cast

from apiflask import APIFlask
from werkzeug.routing import Rule

from server_app.api_base.auth import SAFE_METHODS
from server_app.api_base.described import USER_OR_SENSOR
from server_app.api_base.examples import Examples
from server_app.api_base.idempotency import creates
from server_app.api_base.openapi_parts import (
    IDEMPOTENCY_KEY,
    MEANINGS,
    PROBLEM,
    SCHEMES,
    Document,
    name_of,
    problem_answer,
)
from server_app.fields import MAX_ROW_ID


def register(app: APIFlask, tags: list[dict[str, str]]) -> None:
    """Let `app` serve the completed document.

    Args:
        app: with all of its blueprints.
        tags: `name` and `description` of each.
    """
    for guess in ("VALIDATION_ERROR", "AUTH_ERROR", "404"):
        app.config[f"AUTO_{guess}_RESPONSE"] = False

    def complete(document: Document | str) -> Document | str:
        return _completed(app, cast("Document", document), tags)

    app.spec_processor(complete)


def _completed(app: APIFlask, document: Document, tags: list[dict[str, str]]) -> Document:
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for schema in schemas.values():
        _close(schema)
    schemas["Problem"] = PROBLEM
    components["securitySchemes"] = SCHEMES
    components["responses"] = {name_of(status): problem_answer(status) for status in MEANINGS}
    document["tags"] = sorted(tags, key=lambda tag: tag["name"])
    examples = Examples(document)
    for rule in app.url_map.iter_rules():
        path = document["paths"].get(_path(rule), {})
        for method in {name.upper() for name in path} & (rule.methods or set()):
            spec = cast("Document", app.view_functions[rule.endpoint].__dict__.get("_spec", {}))
            operation = path[method.lower()]
            operation["operationId"] = rule.endpoint
            _describe(operation, method, spec)
            examples.add(operation)
    return document


def _describe(operation: Document, method: str, spec: Document) -> None:
    if "raw_body" in spec:
        operation["requestBody"] = {"required": True, "content": {spec["raw_body"]: {"schema": {}}}}
    elif "requestBody" in operation:
        operation["requestBody"]["required"] = True
    headers = [*([IDEMPOTENCY_KEY] if creates(spec) else []), *spec.get("takes_headers", [])]
    if headers:
        operation["parameters"] = [*operation.get("parameters", []), *headers]
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "path" and parameter["schema"].get("type") == "integer":
            parameter["schema"] = {"type": "integer", "minimum": 1, "maximum": MAX_ROW_ID}
    _describe_answers(operation, spec)
    operation |= _security(spec.get("security"), writes=method not in SAFE_METHODS)
    for status in sorted(_refusals(operation, method, spec)):
        operation["responses"].setdefault(str(status), {"$ref": f"#/components/responses/{name_of(status)}"})


def _describe_answers(operation: Document, spec: Document) -> None:
    answers = operation["responses"]
    answers.update(spec.get("answers_empty", {}))
    if "media_types" in spec:
        answers["200"]["content"] = {name: {"schema": {"type": "string"}} for name in spec["media_types"]}
    if "answers_headers" in spec:
        answers["200"]["headers"] = spec["answers_headers"]


def _security(by: str | None, *, writes: bool) -> Document:
    by_session: Document = {"session": [], "csrf": []} if writes else {"session": []}
    by_token: Document = {"token": []}
    match by:
        case "session":
            return {"security": [by_session]}
        case "user":
            return {"security": [by_session, by_token]}
        case value if value == USER_OR_SENSOR:
            return {"security": [{"session": []}, by_token, {"certificate": []}]}
    return {}


def _refusals(operation: Document, method: str, spec: Document) -> set[int]:
    kinds = {parameter["in"] for parameter in operation.get("parameters", [])}
    by_user = spec.get("security") in {"session", "user"}
    reasons: dict[int, bool] = {
        400: bool("requestBody" in operation or kinds & {"query", "header"}),
        401: "security" in spec,
        403: "security" in spec,
        404: "path" in kinds,
        409: by_user and method not in SAFE_METHODS,
        413: "requestBody" in operation,
        422: creates(spec),
    }
    return {status for status, holds in reasons.items() if holds} | set(spec.get("refuses", ()))


def _close(schema: Document) -> None:
    # Bodies with unknown fields are refused, and answers have none.
    if "properties" in schema:
        schema.setdefault("additionalProperties", False)


def _path(rule: Rule) -> str:
    """The rule as APIFlask spells it in the document."""
    return re.sub(r"<(?:[^<>:]+:)?(\w+)>", r"{\1}", rule.rule)
