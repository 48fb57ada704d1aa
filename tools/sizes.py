"""Measures files and functions against the size rules, and fails where one is broken."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median

_FILE_LIMITS = {"median": 120, "p95": 350, "most": 500}
_FUNCTION_LIMITS = {"median": 10, "p95": 30, "most": 50}


def main() -> int:
    """Prints lines per file and per function; 1 when a rule is broken."""
    files = [
        path
        for path in sorted(Path("src").rglob("*.py"))
        if "migrations" not in path.parts and path.read_text().strip()
    ]
    lengths = {str(path): len(path.read_text().splitlines()) for path in files}
    functions = {name: length for path in files for name, length in _functions(path)}
    broken = _judge("file", lengths, _FILE_LIMITS) | _judge("function", functions, _FUNCTION_LIMITS)
    return int(broken)


def _functions(path: Path) -> Iterator[tuple[str, int]]:
    """Each function with its lines, the docstring not counted."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            doc = node.body[0] if ast.get_docstring(node) else None
            said = (doc.end_lineno or 0) - doc.lineno + 1 if doc else 0
            yield (
                f"{path}:{node.lineno} {node.name}",
                (node.end_lineno or 0) - node.lineno + 1 - said,
            )


def _judge(kind: str, lengths: dict[str, int], limits: dict[str, int]) -> bool:
    ordered = sorted(lengths.values())
    measured = {
        "median": int(median(ordered)),
        "p95": ordered[int(len(ordered) * 0.95)],
        "most": ordered[-1],
    }
    words = ", ".join(
        f"{name} {length} (limit {limits[name]})" for name, length in measured.items()
    )
    print(f"sizes: {len(ordered)} {kind}s: {words}")  # noqa: T201
    for name, length in sorted(lengths.items(), key=lambda item: -item[1]):
        if length > limits["most"]:
            print(f"sizes: {length} lines: {name}")  # noqa: T201
    return any(measured[name] > limit for name, limit in limits.items())


if __name__ == "__main__":
    sys.exit(main())
