#!/bin/sh
# Style, types, import rules, size rules: all must be green.
set -u
failed=0
check() {
    printf 'lint: %s\n' "$*" >&2
    "$@" || failed=1
}
check ruff format --check --quiet src tests bench tools
check ruff check --quiet src tests bench tools
check mypy --no-error-summary src tests/factories.py bench tools
check lint-imports --no-cache --config pyproject.toml
check python tools/sizes.py
check python tools/house_rules.py
[ "$failed" = 0 ] && printf 'lint: green\n' >&2
exit "$failed"
