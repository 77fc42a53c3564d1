"""Puts Python packages into the zips of Lambda functions. `osls package` calls it for each requirements file.

    python3.12 scripts/pack.py [--without=PACKAGE...] REQUIREMENTS ARCHITECTURE ZIP...

The packages are those for Linux on ARCHITECTURE (`x86_64` or `arm64`), whatever the machine that packs, and for the
Python that runs this. They go in as byte code: Lambda keeps none, so a function would compile what it imports at every
cold start, which is half of it; and there is no room for the sources beside it. The bundle's own sources are there,
with their byte code beside them. What no function reads is left out: see `LEFT_OUT`.
"""

import py_compile
import re
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path
from py_compile import PycInvalidationMode
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

MACHINES = {"x86_64": "x86_64", "arm64": "aarch64"}
"""Lambda's names of the architectures, and Linux's."""

PLATFORMS = ("manylinux2014", "manylinux_2_28", "manylinux_2_34")
"""The wheels that Amazon Linux 2023 can load: it has glibc 2.34."""

LEFT_OUT = (
    "bin/*",
    "*.dist-info/*",
    "*.pyi",
    "*/py.typed",
    "*/tests/*",
    # What makes bindings: the made ones need only `_cffi_backend`.
    "cffi/*",
    "pycparser/*",
    # The API of pydantic 1, one that is not settled yet, a type checker's plugin, and colours.
    "pydantic/v1/*",
    "pydantic/experimental/*",
    "pydantic/mypy.py",
    "pydantic/color.py",
    # Sources of an extension, a command line, another standard's table of letters, another event loop, and tests.
    "httptools/parser/*.pxd",
    "httptools/parser/*.pyx",
    "httpx/_main.py",
    "idna/uts46data.py",
    "anyio/_backends/_trio.py",
    "anyio/pytest_plugin.py",
    "starlette/testclient.py",
    # A command line, and what measures the speed.
    "jsonschema/benchmarks/*",
    "jsonschema/cli.py",
    "jsonschema/__main__.py",
    # Commands of Redis modules, and several databases as one.
    "redis/commands/bf/*",
    "redis/commands/json/*",
    "redis/commands/search/*",
    "redis/commands/timeseries/*",
    "redis/commands/vectorset/*",
    "redis/multidb/*",
    "redis/asyncio/multidb/*",
    # Writing text into pictures.
    "PIL/_imagingft.*",
    "pillow.libs/libbrotli*",
    "pillow.libs/libfreetype*",
    "pillow.libs/libharfbuzz*",
    "pillow.libs/libpng*",
    # Windows of Tk.
    "PIL/_imagingtk.*",
)
"""Files of the packages that no function reads."""


def leave_out(requirements: str, names: Sequence[str]) -> str:
    """Take the packages of these names, with their hashes, out of a requirements file's text."""
    for name in names:
        requirements = re.sub(rf"^{re.escape(name)}==.*\n(?:[ \t]+.*\n)*", "", requirements, flags=re.MULTILINE)
    return requirements


def install(requirements: str, architecture: str, folder: Path) -> None:
    """Install the pinned wheels for Lambda into `folder`. Raises CalledProcessError."""
    version = f"--python-version={sys.version_info.major}.{sys.version_info.minor}"
    platforms = [f"--platform={platform}_{MACHINES[architecture]}" for platform in PLATFORMS]
    command = [sys.executable, "-m", "pip", "install", "-qq", "--no-compile", "--disable-pip-version-check"]
    command += ["--require-hashes", "--no-deps", "--only-binary=:all:", *platforms, version]
    command += ["--root-user-action=ignore", "--target", str(folder), "--requirement", requirements]
    subprocess.run(command, check=True)  # noqa: S603 - a fixed command with names from serverless.yml


def files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the content of each file that goes into the zips, in the order of their names."""
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = file.relative_to(folder).as_posix()
        if any(fnmatch(name, pattern) for pattern in LEFT_OUT):
            continue
        if file.suffix == ".py":
            # Unchecked: there is no source to compare with.
            yield f"{name}c", byte_code(file, name, PycInvalidationMode.UNCHECKED_HASH)
        elif ".so" in file.suffixes:
            yield name, without_debug_information(file.read_bytes())
        else:
            yield name, file.read_bytes()


def byte_code(source: Path, name: str, mode: PycInvalidationMode) -> bytes:
    """Compile a module; `name` is what a traceback calls its file. Raises PyCompileError."""
    compiled = source.with_suffix(".pyc")
    py_compile.compile(str(source), str(compiled), name, doraise=True, optimize=0, invalidation_mode=mode)
    return compiled.read_bytes()


def own_byte_code(code: Path, scratch: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the content of the byte code of each module in the zip `code`, checked against its source.

    What `scratch` holds of a module is taken again: the functions of one deployment share most of theirs.
    """
    with ZipFile(code) as own:
        for name in (name for name in own.namelist() if name.endswith(".py")):
            text = own.read(name)
            source = scratch / "own" / name
            compiled = source.with_suffix(".pyc")
            if not (compiled.exists() and source.read_bytes() == text):
                source.parent.mkdir(parents=True, exist_ok=True)
                source.write_bytes(text)
                byte_code(source, name, PycInvalidationMode.CHECKED_HASH)
            folder, _, module = name.removesuffix(".py").rpartition("/")
            yield f"{folder}/__pycache__/{module}.{sys.implementation.cache_tag}.pyc", compiled.read_bytes()


def add(archive: ZipFile, name: str, content: bytes) -> None:
    """Write a file into a zip, dated 1980, the same for everyone."""
    entry = ZipInfo(name)
    entry.compress_type = ZIP_DEFLATED
    entry.external_attr = 0o100644 << 16
    archive.writestr(entry, content)


def without_debug_information(library: bytes) -> bytes:
    """Cut off a 64-bit ELF file after its last segment. What follows is for debuggers; the loader reads segments only.

    `strip` does the same, but only for the machine it runs on.
    """
    table, entry_size, entries = struct.unpack_from("<Q14xHH", library, 32)
    end = 0
    for entry in range(table, table + entries * entry_size, entry_size):
        offset, size = struct.unpack_from("<8xQ16xQ", library, entry)
        end = max(end, offset + size)
    header = bytearray(library[:end])
    struct.pack_into("<Q", header, 40, 0)  # where the sections are: nowhere
    struct.pack_into("<HH", header, 60, 0, 0)  # how many there are, and which one names them: none
    return bytes(header)


def main(requirements: str, architecture: str, *zips: str, without: Sequence[str] = ()) -> None:
    """Add the packages of `requirements` to each of `zips`. The same input makes the same bytes."""
    with tempfile.TemporaryDirectory() as scratch:
        packages = Path(scratch) / "packages.zip"
        folder = Path(scratch) / "packages"
        wanted = Path(scratch) / "requirements.txt"
        wanted.write_text(leave_out(Path(requirements).read_text(), without))
        install(str(wanted), architecture, folder)
        with ZipFile(packages, "w", ZIP_DEFLATED, compresslevel=9) as archive:
            for name, content in files(folder):
                add(archive, name, content)
        for code in map(Path, zips):
            # Packed once, copied for each function; its code, which is small, is written behind.
            whole = code.with_suffix(".whole")
            shutil.copyfile(packages, whole)
            with ZipFile(whole, "a", ZIP_DEFLATED, compresslevel=9) as archive, ZipFile(code) as own:
                for entry in own.infolist():
                    archive.writestr(entry, own.read(entry))
                for name, content in own_byte_code(code, Path(scratch)):
                    add(archive, name, content)
            whole.replace(code)


if __name__ == "__main__":
    options = [argument for argument in sys.argv[1:] if argument.startswith("--without=")]
    main(*sys.argv[1 + len(options) :], without=[option.partition("=")[2] for option in options])
