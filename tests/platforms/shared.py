"""What is made once for all processes that run the tests at the same time, such as a build for a platform."""

import atexit
import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_VARIABLE = "TESTS_SHARED_FOLDER"


def folder() -> Path:
    """Where such things are: made by the first process, which removes it when it ends; inherited by those it starts."""
    if _VARIABLE not in os.environ:
        os.environ[_VARIABLE] = tempfile.mkdtemp(prefix="tests-")
        atexit.register(shutil.rmtree, os.environ[_VARIABLE], ignore_errors=True)
    return Path(os.environ[_VARIABLE])


def once(name: str, make: Callable[[Path], None]) -> Path:
    """The folder `name`, which `make` fills for the first process that asks; the others wait.

    What `make` raises is raised here; the next who asks tries again, in a new folder.
    """
    made = folder() / name
    with lock(made.with_suffix(".lock")):
        if not made.exists():
            new = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=folder()))
            make(new)
            made.symlink_to(new)
    return made.resolve()


@contextmanager
def lock(file: Path) -> Iterator[None]:
    """Hold `file` locked; whoever else wants it waits. The lock ends with the process, too."""
    with file.open("w") as locked:
        fcntl.flock(locked, fcntl.LOCK_EX)
        yield
