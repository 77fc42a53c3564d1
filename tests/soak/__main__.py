"""`scripts/soak`: runs a plan, prints the table, and ends with status 1 where a promise was broken."""

import argparse
import asyncio
import signal
import sys
from dataclasses import fields
from typing import get_args

from .faults import BY_NAME
from .plan import Plan, StoreKind
from .report import lines
from .run import run


def parse(arguments: list[str]) -> Plan:
    """Read a command's arguments: each of `Plan`'s fields is an option."""
    parser = argparse.ArgumentParser(prog="scripts/soak", description=__doc__)
    for field in fields(Plan):
        name, default = f"--{field.name.replace('_', '-')}", field.default
        if field.name == "store":
            parser.add_argument(name, default=default, choices=get_args(StoreKind.__value__))
        elif isinstance(default, tuple):
            parser.add_argument(name, default=default, type=lambda text: tuple(filter(None, text.split(","))))
        else:
            parser.add_argument(name, default=default, type=type(default))
    plan = Plan(**vars(parser.parse_args(arguments)))
    for name in plan.only:
        if name != "none" and name not in BY_NAME:
            parser.error(f"there is no fault {name!r}; there are: {', '.join(BY_NAME)}")
    return plan


def main(arguments: list[str]) -> int:
    """Run what the arguments say."""
    plan = parse(arguments)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))  # All that was started ends with it.
    schedule, record = asyncio.run(run(plan, lambda line: print(line, file=sys.stderr, flush=True)))
    for line in lines(plan, schedule, record):
        print(line)
    return 1 if record.broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
