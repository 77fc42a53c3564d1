"""What a thousand answers cost on each home, from list prices (US dollars, November 2026: check them) and what is used.

An answer is `SECONDS` long, most of which is waiting.
"""

from dataclasses import dataclass
from typing import Final

SECONDS: Final = 20.0
ANSWERS: Final = 1000
LAMBDA_MEMORY: Final = 1.0
"""GB of the function `stream`."""
VERCEL_MEMORY: Final = 2.0
"""GB of an instance, by default."""

LAMBDA_GB_SECOND: Final = 0.0000166667
LAMBDA_ARM_GB_SECOND: Final = 0.0000133334
LAMBDA_REQUEST: Final = 0.20 / 1e6
DYNAMODB_WRITE: Final = 0.625 / 1e6
DYNAMODB_READ: Final = 0.125 / 1e6
VERCEL_CPU_HOUR: Final = 0.176
VERCEL_GB_HOUR: Final = 0.0146
"""In Hong Kong."""
VERCEL_REQUEST: Final = 0.60 / 1e6


@dataclass(frozen=True)
class Cost:
    """Dollars for `ANSWERS` answers."""

    home: str
    dollars: float
    why: str


def costs(cpu: float, writes: float, reads: float) -> list[Cost]:
    """`cpu`: seconds of CPU an answer; `writes`, `reads`: the store's operations an answer."""
    gb_seconds = ANSWERS * SECONDS * LAMBDA_MEMORY
    table = ANSWERS * (writes * DYNAMODB_WRITE + reads * DYNAMODB_READ)
    requests = ANSWERS * LAMBDA_REQUEST
    held = ANSWERS * SECONDS * VERCEL_MEMORY / 3600
    active = ANSWERS * cpu * VERCEL_CPU_HOUR / 3600 + ANSWERS * VERCEL_REQUEST
    return [
        Cost("Lambda", gb_seconds * LAMBDA_GB_SECOND + requests, "1 GB for 20 s an answer, waiting included"),
        Cost("Lambda, arm64", gb_seconds * LAMBDA_ARM_GB_SECOND + requests, "the same, on the other processors"),
        Cost("its table in DynamoDB", table, f"{writes:.1f} writes and {reads:.1f} reads an answer, on demand"),
        Cost("Vercel, one answer at a time", active + held * VERCEL_GB_HOUR, "2 GB for 20 s an answer, CPU as used"),
        Cost("Vercel, ten at a time", active + held / 10 * VERCEL_GB_HOUR, "ten answers share an instance's memory"),
    ]
