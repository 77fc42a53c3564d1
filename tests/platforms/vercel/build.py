"""The checkout, built by Vercel's own command line tool, which needs no account for it."""

import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.platforms import npm, shared
from tests.platforms.downloads import DOWNLOADS

from .function import CONFIG, Function
from .routes import Routes, Target

CHECKOUT = Path(__file__).parents[3]
PACKAGES = DOWNLOADS / "vercel"
"""The builder's package cache, kept between builds as the platform keeps it."""
BUILD_SECONDS = 240
"""A build takes about 7 s with the packages at hand; the rest is for downloading them. A test may take 300 s in all."""
PROJECT = {"projectId": "x", "orgId": "x", "settings": {"framework": None}}
"""What linking to a Vercel project would write. Building asks for it but does not use it."""


class BuildFailed(Exception):
    """Vercel's builder refused the checkout; the message is its output."""


@dataclass(frozen=True)
class Build:
    """A checkout after `vercel build`."""

    root: Path
    """The copy that was built."""

    @property
    def output(self) -> Path:
        """The folder with `config.json`, `functions` and `static`."""
        return self.root / ".vercel" / "output"

    @cached_property
    def log(self) -> str:
        """What the builder printed."""
        return (self.root / "build.log").read_text()

    @cached_property
    def config(self) -> dict[str, Any]:
        """The route table and the rest of `config.json`."""
        config: dict[str, Any] = json.loads((self.output / "config.json").read_text())
        return config

    @cached_property
    def functions(self) -> dict[str, Function]:
        """Every function, by its path: `python`, which serves all, or such as `api/v1/chat/completions`."""
        folders = {path.parent for path in (self.output / "functions").rglob(CONFIG)}
        names = {folder.relative_to(self.output / "functions").with_suffix("").as_posix(): folder for folder in folders}
        return {name: Function(name, folder, self.root) for name, folder in sorted(names.items())}

    @cached_property
    def static(self) -> dict[str, Path]:
        """Every file that is published as it is, by its path."""
        folder = self.output / "static"
        return {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}

    @cached_property
    def routes(self) -> Routes:
        """The route table, to be asked."""
        return Routes(self.config["routes"], self.functions, self.static)

    def route(self, path: str, method: str = "GET", sent: Collection[str] = ()) -> Target:
        """Return where a request for `path` goes, with headers of these names."""
        return self.routes.resolve(path, method, sent)


@functools.cache
def build(configuration: str = "vercel.json", builder: str = "vercel") -> Build:
    """Build a copy of the checkout (what git tracks or would track) once per run of the tests, with a set of npm's.

    Raises BuildFailed, and npm.Unavailable where the builder cannot be installed.
    """
    return Build(shared.once(f"{builder}-{configuration}", lambda root: _build(root, configuration, builder)))


def copy(root: Path) -> None:
    """Put a copy of the checkout into the folder `root`, with the builder's package cache."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        source, target = CHECKOUT / name, root / name
        if source.is_file():  # else it is tracked, but deleted
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
    (root / ".vercel" / "python").mkdir(parents=True)
    PACKAGES.mkdir(parents=True, exist_ok=True)
    (root / ".vercel" / "python" / "cache").symlink_to(PACKAGES)


def environment() -> dict[str, str]:
    """This process's environment without what would change the build, and with uv and Python 3.12 first on PATH."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("VERCEL", "NOW_", "PYTHON", "UV_")) and name != "VIRTUAL_ENV"
    }
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return kept | {"PATH": path, "VERCEL_TELEMETRY_DISABLED": "1"}


def _build(root: Path, configuration: str, builder: str) -> None:
    vercel = npm.tool(builder, "vercel")
    copy(root)
    (root / ".vercel" / "project.json").write_text(json.dumps(PROJECT))
    with tempfile.TemporaryDirectory(prefix="vercel-config-") as config:
        try:
            done = subprocess.run(
                [vercel, "build", "--yes", "--global-config", config, "--local-config", configuration],
                cwd=root,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=BUILD_SECONDS,
            )
        except subprocess.TimeoutExpired as expired:
            raise BuildFailed(f"vercel build did not end within {BUILD_SECONDS} s: {expired.output!r}") from None
    (root / "build.log").write_text(done.stdout)
    if done.returncode:
        raise BuildFailed(done.stdout)
