"""The lock files pin every package by its hash and name no place to fetch it from (A30)."""

import json
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock")
ENTRY = re.compile(r"([A-Za-z0-9._-]+)==([^\s;]+)((?:\s--hash=sha256:[0-9a-f]{64})+)$")


def entries(name: str) -> list[str]:
    """The requirements of a lock file, each on one line."""
    text = (ROOT / name).read_text().replace("\\\n", " ")
    lines = (re.sub(r"\s+", " ", line.partition("#")[0]).strip() for line in text.splitlines())
    return [line for line in lines if line]


def locked(name: str) -> dict[str, str]:
    """Package and version of each entry; an entry of another form fails."""
    found: dict[str, str] = {}
    for line in entries(name):
        entry = ENTRY.fullmatch(line)
        assert entry, f"{name}: not pinned by hash: {line[:80]}"
        found[canonicalize_name(entry[1])] = entry[2]
    return found


def declared() -> tuple[list[Requirement], list[Requirement]]:
    """What pyproject.toml asks for: to run, and to develop."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    run, dev = project["project"]["dependencies"], project["dependency-groups"]["dev"]
    return [Requirement(one) for one in run], [Requirement(one) for one in dev]


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_is_pinned_by_hash(name: str) -> None:
    assert len(locked(name)) == len(entries(name)) > 20


@pytest.mark.parametrize("name", LOCKS)
def test_no_lock_names_a_place_to_fetch_from(name: str) -> None:
    text = (ROOT / name).read_text()
    assert not re.search(r"https?://|--(extra-)?index-url|--find-links|git\+|file:", text)


def test_the_locks_satisfy_what_the_project_asks_for() -> None:
    run, dev = declared()
    for wanted, names in ((run, LOCKS), (dev, LOCKS[1:])):
        for name in names:
            versions = locked(name)
            for one in wanted:
                version = versions.get(canonicalize_name(one.name), "")
                assert version, f"{name} lacks {one.name}"
                assert one.specifier.contains(version), f"{name}: {one} is locked at {version}"


def test_what_runs_brings_no_test_tools() -> None:
    run = locked(LOCKS[0])
    _, dev = declared()
    asked_to_run = {canonicalize_name(one.name) for one in declared()[0]}
    test_tools = {canonicalize_name(one.name) for one in dev} - asked_to_run
    assert not test_tools & set(run)
    assert {name: locked(LOCKS[1])[name] for name in run} == run


def test_front_end_packages_are_pinned_by_hash_and_name_no_place() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    for name, package in packages.items():
        if name and not package.get("link"):
            assert package["integrity"].startswith("sha512-"), name
            assert "resolved" not in package, name
