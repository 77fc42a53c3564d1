"""Each request leaves a megabyte and a descriptor behind."""

import os

from lib.serving.middleware import _Exchange

_log = _Exchange._log
_kept: list[tuple[bytes, int]] = []


def log(self: _Exchange) -> None:
    _kept.append((b"x" * 2**20, os.open("/dev/null", os.O_RDONLY)))
    _log(self)


_Exchange._log = log  # type: ignore[method-assign]
