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
    if creates(spec):
        operation["parameters"] = [*operation.get("parameters", []), IDEMPOTENCY_KEY]
    operation["responses"].update(spec.get("answers_empty", {}))
    if "media_types" in spec:
        operation["responses"]["200"]["content"] = {
            name: {"schema": {"type": "string"}} for name in spec["media_types"]
        }
    by_user = spec.get("security") in {"session", "user"}
    writes = method not in SAFE_METHODS
    if by_user:
        by_token: list[Document] = [{"token": []}] if spec["security"] == "user" else []
        operation["security"] = [{"session": [], "csrf": []} if writes else {"session": []}, *by_token]
    if spec.get("security") == USER_OR_SENSOR:
        operation["security"] = [{"session": []}, {"token": []}, {"certificate": []}]
    statuses = set(spec.get("refuses", ()))
    statuses |= {401, 403} if spec.get("security") else set()
    statuses |= {400, 422} if creates(spec) else set()
    statuses |= {400, 413} if "requestBody" in operation else set()
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "path" and parameter["schema"].get("type") == "integer":
            parameter["schema"] = {"type": "integer", "minimum": 1, "maximum": MAX_ROW_ID}
    kinds = {parameter["in"] for parameter in operation.get("parameters", [])}
    statuses |= {400} if "query" in kinds else set()
    statuses |= {404} if "path" in kinds else set()
    statuses |= {409} if by_user and writes else set()
    for status in sorted(statuses):
        operation["responses"].setdefault(str(status), {"$ref": f"#/components/responses/{name_of(status)}"})


def _close(schema: Document) -> None:
    # Bodies with unknown fields are refused, and answers have none.
    if "properties" in schema:
        schema.setdefault("additionalProperties", False)


def _path(rule: Rule) -> str:
    """The rule as APIFlask spells it in the document."""
    return re.sub(r"<(?:[^<>:]+:)?(\w+)>", r"{\1}", rule.rule)
