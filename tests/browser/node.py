"""Packages of Node.js for a test, in the versions that are pinned."""

import os
from pathlib import Path

import pytest

from tests.platforms import npm


def modules(name: str) -> Path:
    """Return the `node_modules` of a set; where it cannot be had, skip the test saying why; on CI, let it fail."""
    try:
        return npm.install(name) / "node_modules"
    except npm.Unavailable as reason:
        if os.environ.get("CI"):
            pytest.fail(f"{name} is needed on CI: {reason}")
        pytest.skip(f"{name} is not available: {reason}")
