"""What was measured: figures beside what they are compared with."""

import json
import platform
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Figure:
    """One figure of the bundle: `at_most` bounds its ratio to the baseline, or itself where there is no baseline."""

    section: str
    name: str
    value: float
    unit: str
    baseline: str = ""
    baseline_value: float | None = None
    ratio: float | None = None
    at_most: float | None = None

    @property
    def reached(self) -> bool | None:
        """Is it as low as it has to be? None where nothing was asked for."""
        if self.at_most is None:
            return None
        return (self.value if self.ratio is None else self.ratio) <= self.at_most


def compared(
    section: str,
    name: str,
    unit: str,
    ours: Sequence[float],
    baseline: str,
    theirs: Sequence[float],
    at_most: float | None = None,
) -> Figure:
    """The figure of several rounds. In each, both were measured one after the other, so that a machine that is busy
    for a while is busy for both: the ratio is the median of the rounds' ratios."""
    ratio = statistics.median(mine / other for mine, other in zip(ours, theirs, strict=True))
    return Figure(
        section, name, statistics.median(ours), unit, baseline, statistics.median(theirs), ratio, at_most
    )  # fmt: skip


def table(figures: Iterable[Figure]) -> str:
    """The figures for people."""
    head = ("", "here", "", "baseline", "", "ratio", "at most", "")
    rows: list[tuple[str, ...]] = []
    section = ""
    for figure in figures:
        if figure.section != section:
            section = figure.section
            rows.append((f"\n{section}", *head[1:]))
        rows.append(
            (
                f"  {figure.name}",
                _short(figure.value),
                figure.unit,
                "" if figure.baseline_value is None else _short(figure.baseline_value),
                figure.baseline,
                "" if figure.ratio is None else f"{figure.ratio:.2f}",
                "" if figure.at_most is None else f"{figure.at_most:g}",
                {None: "", True: "reached", False: "NOT REACHED"}[figure.reached],
            )
        )
    widths = [max(len(row[column].strip("\n")) for row in rows) for column in range(len(head))]
    numbers = {1, 3, 5, 6}
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column in numbers else cell.ljust(width + cell.startswith("\n"))
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def write(figures: Iterable[Figure], path: Path) -> None:
    """The figures for programs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    machine = {"python": platform.python_version(), "system": platform.platform()}
    measured = [{**asdict(figure), "reached": figure.reached} for figure in figures]
    path.write_text(json.dumps({"machine": machine, "figures": measured}, indent=1) + "\n")


def _short(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"
