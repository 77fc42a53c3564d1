"""`scripts/bench [SECTION …] [--rounds N] [--json FILE]`: measures, prints a table, and writes JSON."""

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bench import floors, remembered, start, streams, tools
from bench.table import Figure, table, write

SECTIONS: dict[str, Callable[[int], Iterator[Figure]]] = {
    "vercel": start.vercel,
    "visit": start.visit,
    "lambda": start.on_lambda,
    "remembered": remembered.remembered,
    "package": start.package,
    "stream": streams.cost,
    "loops": streams.loops,
    "first-word": streams.first_word,
    "many": streams.many,
    "tools": tools.tools,
    "floors": floors.floors,
}
RESULTS = Path(__file__).parent.parent / ".cache" / "bench.json"


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench", description="Measures the bundle against a plain proxy.")
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=f"of {', '.join(SECTIONS)}; all by default")
    parser.add_argument("--rounds", type=int, default=7, help="of which the median is taken (default: 7)")
    parser.add_argument("--json", type=Path, default=RESULTS, help="where to write the figures")
    arguments = parser.parse_args()
    if unknown := set(arguments.sections) - set(SECTIONS):
        parser.error(f"there is no section {', '.join(sorted(unknown))}")
    figures: list[Figure] = []
    for name in arguments.sections or SECTIONS:
        print(f"Measuring: {name} …", file=sys.stderr)
        try:
            figures += SECTIONS[name](arguments.rounds)
        except pytest.skip.Exception as reason:  # A platform's tool is not here.
            print(f"Not measured: {reason}", file=sys.stderr)
    print(table(figures))
    write(figures, arguments.json)
    print(f"\nWritten to {arguments.json}")
    return any(figure.reached is False for figure in figures)


if __name__ == "__main__":
    sys.exit(main())
