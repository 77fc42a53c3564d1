"""A built function: what is in it, as `.vc-config.json` says (Build Output API, version 3)."""

import json
import os
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

CONFIG = ".vc-config.json"
VENDOR = "_vendor/"
DISTRIBUTION = re.compile(VENDOR + r"([^/]+)-([^/-]+)\.dist-info/METADATA")


@dataclass(frozen=True)
class Function:
    """One function of a build."""

    name: str
    """Its path, such as `api/v1/chat/completions`."""
    folder: Path
    """The `.func` folder."""
    root: Path
    """What the sources in `filePathMap` are relative to."""

    @cached_property
    def config(self) -> dict[str, Any]:
        """What the builder tells the platform: handler, environment, `maxDuration`, …."""
        config: dict[str, Any] = json.loads((self.folder / CONFIG).read_text())
        return config

    @cached_property
    def files(self) -> dict[str, Path]:
        """Where each file of the function comes from, by its path within the function."""
        mapped = {path: self.root / source for path, source in self.config.get("filePathMap", {}).items()}
        inside = [path for path in self.folder.rglob("*") if path.is_file() and path.name != CONFIG]
        return mapped | {path.relative_to(self.folder).as_posix(): path for path in inside}

    @property
    def python(self) -> Path:
        """The Python that the function was built for."""
        return self.root / ".vercel" / "python" / ".venv" / "bin" / "python"

    @property
    def own_files(self) -> set[str]:
        """The files that are not part of an installed package."""
        return {path for path in self.files if not path.startswith(VENDOR)}

    @property
    def packages(self) -> dict[str, str]:
        """The version of each installed package, by its normalized name."""
        found = map(DISTRIBUTION.fullmatch, self.files)
        return {match[1].lower().replace("_", "-"): match[2] for match in found if match}

    @property
    def size(self) -> int:
        """Bytes, unpacked."""
        return sum(source.stat().st_size for source in self.files.values())

    def lay_out(self, directory: Path) -> None:
        """Put the function's files into `directory` as the platform does. They are linked where that is possible."""
        for path, source in self.files.items():
            target = directory / path
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(source, target)
            except OSError:
                target.write_bytes(source.read_bytes())
