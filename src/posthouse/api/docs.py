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
    parameters: tuple[str, ...]
    body: tuple[str, ...]
    statuses: tuple[int, ...]


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
            description=operation.get("description", ""),
            parameters=tuple(parameter["name"] for parameter in operation["parameters"]),
            body=_body(schema, operation),
            statuses=tuple(operation["responses"]),
        )
        for path, operations in schema["paths"].items()
        for method, operation in operations.items()
    ]


def _body(schema: dict[str, Any], operation: dict[str, Any]) -> tuple[str, ...]:
    """Names of the fields of an operation's body; required ones carry a star."""
    contents = operation.get("requestBody", {}).get("content", {})
    for content in contents.values():
        described = content["schema"]
        if reference := described.get("$ref"):
            described = schema["components"]["schemas"][reference.rpartition("/")[2]]
        required = described.get("required", ())
        return tuple(f"{name}*" if name in required else name for name in described["properties"])
    return ()
