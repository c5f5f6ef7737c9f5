"""Examples for the OpenAPI document, made from the schemas, so that an operation cannot be without or have a wrong one.

A field's own `examples` go first; then what is usual for a field of its name; then the simplest value that its schema
allows.
"""

from typing import Any, cast

from jsonschema import Draft202012Validator

from server_app.api_base.example_values import BY_FORMAT, BY_NAME

type Schema = dict[str, Any]
DEEPEST = 12


class Examples:
    """Makes examples for the operations of one document."""

    def __init__(self, document: Schema) -> None:
        self._document = document
        self._validator = Draft202012Validator({"components": document["components"]})

    def add(self, operation: Schema) -> None:
        """Give an operation's path parameters, body and JSON answers an example where they have none."""
        for parameter in operation.get("parameters", []):
            if parameter["in"] == "path":
                parameter.setdefault("example", self.of(parameter["schema"], parameter["name"]))
        bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
        for media_type, media in (pair for body in bodies for pair in body.get("content", {}).items()):
            if "json" in media_type and "example" not in media and "examples" not in media:
                media["example"] = self.of(media["schema"])

    def of(self, schema: Schema, name: str = "", depth: int = 0) -> Any:
        """A value that a schema allows, as far as types, formats and names can tell."""
        if "$ref" in schema:
            return self.of(self._resolved(schema["$ref"]), name, depth)
        if schema.get("examples"):
            return schema["examples"][0]
        if "const" in schema or "enum" in schema:
            return schema["const"] if "const" in schema else schema["enum"][0]
        if name in BY_NAME and self._allows(schema, BY_NAME[name]):
            return BY_NAME[name]
        for variants in (schema.get("anyOf"), schema.get("oneOf"), schema.get("allOf")):
            if variants:
                return self.of(variants[0], name, depth)
        return self._simplest(schema, name, depth)

    def _simplest(self, schema: Schema, name: str, depth: int) -> Any:
        match schema.get("type"):
            case "object":
                return self._object(schema, depth)
            case "array":
                enough = depth < DEEPEST and schema.get("maxItems") != 0
                return [self.of(schema["items"], _singular(name), depth + 1)] if enough and schema.get("items") else []
            case "string":
                return BY_FORMAT.get(schema.get("format", ""), "text"[: schema.get("maxLength")])
            case "integer" | "number":
                return schema.get("minimum", min(1, schema.get("maximum", 1)))
            case "boolean":
                return False
            case _:
                return None

    def _object(self, schema: Schema, depth: int) -> dict[str, Any]:
        if depth >= DEEPEST:
            return {}
        title = schema.get("title", "")
        return {
            name: self.of(part, f"{title}.{name}" if f"{title}.{name}" in BY_NAME else name, depth + 1)
            for name, part in schema.get("properties", {}).items()
        }

    def _allows(self, schema: Schema, value: Any) -> bool:
        return bool(self._validator.evolve(schema=schema).is_valid(value))

    def _resolved(self, reference: str) -> Schema:
        place: Any = self._document
        for part in reference.removeprefix("#/").split("/"):
            place = place[part]
        return cast("Schema", place)


def _singular(name: str) -> str:
    return name.removesuffix("s")
