"""Node tools in pinned versions, installed on first use.

Each folder beside this file that holds a `package.json` and a `package-lock.json` is one set of tools. A set is
installed once per lock file, into `npm/<set>/<hash of the lock file>` of the downloads.
"""

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.platforms.downloads import DOWNLOADS

SETS = Path(__file__).parent
CACHE = DOWNLOADS / "npm"
INSTALL_SECONDS = 240
"""Installing takes seconds with a warm cache and about a minute without; a test may take 300 s in all."""


class Unavailable(Exception):
    """A set of tools cannot be installed here; the message says why."""


def install(name: str, manifest: Path | None = None, *, optional: bool = False) -> Path:
    """Return the folder whose `node_modules` holds the set `name`, installing it where that was not done yet.

    `manifest`: the folder with its `package.json`, where it is not beside this file. `optional`: with its optional
    packages, which for some tools hold the binary of each system. Raises Unavailable where Node.js is missing or npm
    fails.
    """
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        raise Unavailable("Node.js (the commands node and npm) was not found")
    manifest = manifest or SETS / name
    lock = manifest / "package-lock.json"
    folder = CACHE / name / hashlib.sha256(lock.read_bytes()).hexdigest()[:16]
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Installed beside its place and moved there whole, so that an interrupted or a concurrent run leaves no half of it.
    with tempfile.TemporaryDirectory(dir=folder.parent, ignore_cleanup_errors=True) as scratch:
        staging = Path(scratch) / "set"
        staging.mkdir()
        for file in ("package.json", "package-lock.json", ".npmrc"):
            if (manifest / file).is_file():
                shutil.copy(manifest / file, staging)
        # Not `npm ci`: it refuses a lock file without the optional packages that a registry does not have. Either
        # installs what is locked as it is locked.
        command = [
            npm,
            "install",
            *([] if optional else ["--omit=optional"]),
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
        ]
        try:
            done = subprocess.run(
                command,
                cwd=staging,
                capture_output=True,
                text=True,
                timeout=INSTALL_SECONDS,
            )
        except subprocess.TimeoutExpired:
            raise Unavailable(f"npm install of {name} did not end within {INSTALL_SECONDS} s") from None
        if done.returncode:
            raise Unavailable(f"npm install of {name} failed: {done.stderr.strip()[-2000:]}")
        try:
            staging.rename(folder)
        except OSError:
            if not folder.is_dir():  # else another process was first, and its copy is as good
                raise
    return folder


def tool(name: str, command: str) -> Path:
    """Return the executable `command` of the set `name`. Raises Unavailable."""
    executable = install(name) / "node_modules" / ".bin" / command
    if not executable.exists():
        raise Unavailable(f"the set {name} has no command {command}")
    return executable


def need(name: str, command: str) -> Path:
    """Return the executable for a test: where it cannot be had, skip the test saying why; on CI, let it fail."""
    return _needed(command, lambda: tool(name, command))


def need_set(name: str) -> Path:
    """The same, for the folder whose `node_modules` holds a set."""
    return _needed(name, lambda: install(name))


def _needed(what: str, install: Callable[[], Path]) -> Path:
    try:
        return install()
    except Unavailable as reason:
        if os.environ.get("CI"):
            pytest.fail(f"{what} is needed on CI: {reason}")
        pytest.skip(f"{what} is not available: {reason}")
