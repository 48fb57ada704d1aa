#!/bin/sh
# All tests: once on SQLite; then those that touch a database on PostgreSQL, where it is installed.
set -u
printf 'test: on SQLite\n' >&2
POSTHOUSE_TEST_DATABASE=sqlite python -m pytest "$@" || exit $?
[ "$#" -eq 0 ] || exit 0
if ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; then
    printf 'test: on PostgreSQL\n' >&2
    POSTHOUSE_TEST_DATABASE=postgres exec python -m pytest tests/features tests/engine
elif [ "${POSTHOUSE_REQUIRE_SERVICES:-}" = 1 ]; then
    printf 'test: PostgreSQL is not installed, and POSTHOUSE_REQUIRE_SERVICES=1\n' >&2
    exit 1
else
    printf 'test: PostgreSQL is not installed: the second half is skipped\n' >&2
fi
