"""Every address of the product: pages from the URL resolver, operations from the API's schema."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from django.urls import URLPattern, URLResolver, get_resolver

from posthouse.api.api import api

ACCOUNT = "/a/<slug:slug>/"
OPERATOR = "/operator/"


class Operation(NamedTuple):
    """One operation of the API: ``patch /api/v1/lists/{list}``, with the schema of its body."""

    method: str
    path: str
    body: dict[str, Any] | None


def pages(prefix: str) -> list[str]:
    """All addresses below a prefix, in the form of the URL configuration."""
    return [address for address in _walk(get_resolver(), "/") if address.startswith(prefix)]


def operations() -> list[Operation]:
    """All operations of the API."""
    schema = api.get_openapi_schema()
    return [
        Operation(method, path, _body(operation, schema))
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
    ]


def example(schema: dict[str, Any], root: dict[str, Any]) -> Any:
    """A value that fits a JSON schema as the API writes them, with every field named."""
    if reference := schema.get("$ref"):
        return example(root["components"]["schemas"][reference.rpartition("/")[2]], root)
    if examples := schema.get("examples"):
        return examples[0]
    if choices := schema.get("anyOf") or schema.get("allOf"):
        return example(choices[0], root)
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("type") == "object":
        return {name: example(one, root) for name, one in schema.get("properties", {}).items()}
    simple = {"string": "x", "integer": 1, "number": 1, "boolean": True, "array": []}
    return simple[schema["type"]]


def _body(operation: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any] | None:
    content = operation.get("requestBody", {}).get("content", {})
    described = content.get("application/json")
    return example(described["schema"], schema) if described else None


def _walk(resolver: URLResolver, prefix: str) -> Iterator[str]:
    for pattern in resolver.url_patterns:
        address = prefix + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield address
        else:
            yield from _walk(pattern, address)
