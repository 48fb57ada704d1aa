"""The page that lists the API's operations, made from its own description."""

from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from ninja import NinjaAPI
from ninja.openapi.docs import DocsBase


@dataclass(frozen=True, slots=True)
class OperationLine:
    """One operation as a reader sees it."""

    tag: str
    method: str
    path: str
    summary: str
    description: str
    query: tuple[str, ...]
    body: tuple[str, ...]

    @property
    def tone(self) -> str:
        """The colour of the method's badge."""
        return _TONES.get(self.method, "grey")


_TONES = {"GET": "blue", "POST": "green", "PATCH": "yellow", "DELETE": "red"}


class OperationList(DocsBase):
    """Ninja's own pages load scripts from elsewhere; this one loads nothing."""

    def render_page(self, request: HttpRequest, api: NinjaAPI, **kwargs: Any) -> HttpResponse:
        lines = sorted(_lines(api.get_openapi_schema()), key=lambda line: line.tag)
        groups = [(tag, list(of_tag)) for tag, of_tag in groupby(lines, lambda line: line.tag)]
        return render(request, "web/api.html", {"groups": groups})


def _lines(schema: dict[str, Any]) -> list[OperationLine]:
    return [
        OperationLine(
            tag=(operation.get("tags") or ["Other"])[0],
            method=method.upper(),
            path=path,
            summary=operation["summary"],
            description=operation.get("description", "").replace("``", ""),
            query=tuple(one["name"] for one in operation["parameters"] if one["in"] == "query"),
            body=_body(schema, operation),
        )
        for path, operations in schema["paths"].items()
        for method, operation in operations.items()
    ]


def _body(schema: dict[str, Any], operation: dict[str, Any]) -> tuple[str, ...]:
    """Names of the fields of an operation's body; required ones carry a star."""
    contents = operation.get("requestBody", {}).get("content", {})
    for content in contents.values():
        described = _resolved(schema, content["schema"])
        required = described.get("required", ())
        names = described.get("properties", ())
        return tuple(f"{name}*" if name in required else name for name in names)
    return ()


def _resolved(schema: dict[str, Any], described: dict[str, Any]) -> dict[str, Any]:
    """What a reference leads to; of alternatives (a body or none) the first."""
    if reference := described.get("$ref"):
        return _resolved(schema, schema["components"]["schemas"][reference.rpartition("/")[2]])
    if alternatives := described.get("anyOf") or described.get("allOf"):
        return _resolved(schema, alternatives[0])
    return described
