"""Finds the real programs that tests start, and says so when one is missing."""

import os
import shutil

import pytest


def require(binary: str) -> str:
    """Path of a program on this machine; skips the test (or fails it in CI) when it is missing."""
    found = shutil.which(binary, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if found is None:
        reason = f"{binary} is not installed (see CONTRIBUTING.md for the apt packages)"
        if os.environ.get("POSTHOUSE_REQUIRE_SERVICES") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return found
