"""A comparison of two folders in words, and as JSON."""

from collections.abc import Iterator
from textwrap import wrap
from typing import Any

import numpy as np
import pandas as pd

from blockmaps.analysis.compare import sides
from blockmaps.analysis.compare.arms import ARM, UNPAIRED
from blockmaps.analysis.compare.curves import KINDS, ROUNDING
from blockmaps.analysis.compare.folders import Comparison
from blockmaps.core.fixed import LEVEL

WIDTH = 96  # columns of text
MOST_KEYS = 40  # lines of a config's differences that are printed; JSON has them all
MOST_NAMED = 3  # arms that the first sentence names
LEGEND = (
    "B less A, test accuracy after the last epoch in percentage points (R², or loss, where there "
    "are no classes), each interval 95 %. n: pairs of patterns where an arm samples them (even, "
    "mixed …), "
    "else of seeds and replicates. p: after Holm over all arms; * moved. Curves of shared runs: = "
    f"identical, ≈ losses equal to {ROUNDING:g} of the largest and accuracies to a point, ≠ "
    "different."
)


def finding(made: Comparison) -> str:
    """Say what moved, and how many arms would have without a correction for their number."""
    table, curves_of, variants = made.arms, made.curves, made.variants
    if variants["both"] and curves_of["identical"] == variants["both"]:
        others = variants["only_a"] + variants["only_b"]
        shared = f"{variants['both']:,} runs" + (" that both have" if others else "")
        return f"Nothing moved: all {shared} are identical to the last bit."
    tested, moved = int(table["p"].notna().sum()), table[table["moved"]]
    if not tested:
        return (
            f"Not told: none of {_counted(len(table), 'arm')} has the three pairs that an interval "
            "takes."
        )
    corrected = f"Holm over {_counted(tested, 'arm')}, 5 %"
    uncorrected = int(((table["p"] < 1 - LEVEL) & ~table["moved"]).sum())
    alone = (
        f" {uncorrected} {'more ' if len(moved) else ''}would count as moved if they stood alone."
        if uncorrected
        else ""
    )
    if moved.empty:
        widest = _largest_first(table[table["p"].notna()]).iloc[0]
        return (
            f"Nothing moved beyond chance ({corrected}); the largest difference is "
            f"{name_of(widest)}, {estimate_of(widest)}.{alone}"
        )
    named = _largest_first(moved)[:MOST_NAMED]
    said = "; ".join(f"{name_of(row)} {estimate_of(row)}" for _, row in named.iterrows())
    more = f"; and {len(moved) - MOST_NAMED} more" if len(moved) > MOST_NAMED else ""
    verb = "arm" if tested == 1 else "arms"
    return f"{len(moved)} of {tested:,} {verb} moved ({corrected}): {said}{more}.{alone}"


def _largest_first(table: pd.DataFrame) -> pd.DataFrame:
    """Sort arms by the size of their difference, those with a loss after those with an accuracy."""
    sized = table.assign(size=table["estimate"].abs())
    return sized.sort_values(["outcome", "size"], ascending=[True, False], kind="stable")


def name_of(row: pd.Series) -> str:
    """Name an arm with its experiment and budget."""
    unknowns = f", {row['budget']:,} unknowns" if row["budget"] else ""
    return f"{arm_of(row)} ({row['experiment']}{unknowns})"


def arm_of(row: pd.Series) -> str:
    """Name an arm within its experiment and budget."""
    return row["arm"] + ("" if pd.isna(row["iterations"]) else f", K = {row['iterations']}")


def estimate_of(row: pd.Series) -> str:
    """Write a difference with its interval: +1.2 points [0.3, 2.1]."""
    points = row["unit"] == "percentage points"
    digits = 1 if points else 4
    unit = " points" if points else f" ({row['unit']})"
    return _signed(row["estimate"], digits) + unit + _interval(row, digits, " ")


def _signed(value: float, digits: int) -> str:
    text = f"{value:+.{digits}f}".replace("-", "−")
    return text if float(f"{value:.{digits}f}") else f"{0:.{digits}f}"


def _interval(row: pd.Series, digits: int, before: str = "") -> str:
    if not np.isfinite(row["low"]):
        return ""
    low, high = (f"{row[name] + 0.0:.{digits}f}" for name in ("low", "high"))
    return f"{before}[{low}, {high}]".replace("-", "−")


def _counted(number: int, one: str) -> str:
    return f"{number:,} {one}{'' if number == 1 else 's'}"


def as_json(made: Comparison) -> dict[str, Any]:
    """Return a comparison as a JSON value; None where there is no number."""
    rows = made.arms.astype(object).where(made.arms.notna(), None).to_dict("records")
    return {
        "a": made.first.folder,
        "b": made.second.folder,
        "finding": finding(made),
        "moved": int(made.arms["moved"].sum()),
        "tested": int(made.arms["p"].notna().sum()),
        "config": made.config,
        "code": made.code,
        "variants": made.variants,
        "curves": made.curves,
        "arms": [{name: _plain(value) for name, value in row.items()} for row in rows],
        "arms_only": made.only,
    }


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def as_text(made: Comparison) -> str:
    """Return a comparison as text for a terminal, at most 100 columns wide."""
    parts = [
        _folded(finding(made)),
        [f"A  {made.first.folder}", f"B  {made.second.folder}"],
        _runs_lines(made),
        _code_lines(made.code),
        _config_lines(made),
        *_arm_lines(made.arms),
        _only_lines(made.only),
        _folded(LEGEND),
    ]
    return "\n\n".join("\n".join(lines) for lines in parts if lines) + "\n"


def _runs_lines(made: Comparison) -> list[str]:
    """Say which runs both have, and how alike their learning curves are."""
    variants, kinds = made.variants, made.curves
    lines = [
        f"Runs: {variants['both']:,} of the same variant in both, {variants['only_a']:,} only in "
        f"A, {variants['only_b']:,} only in B."
    ]
    if variants["both"]:
        said = [f"{kinds['identical']:,} identical", f"{kinds['rounding']:,} equal to rounding"]
        said.append(f"{kinds['different']:,} different")
        if kinds["largest_deviation"]:
            said[-1] += f" (losses apart by up to {kinds['largest_deviation']:.1e} of the largest)"
        elif kinds["different"]:
            said[-1] += " (by their accuracies or epochs, or where one loss is not finite)"
        before = f"before training {kinds['same_start']:,} are equal to rounding"
        if kinds["other_epochs"]:
            before += f"; {kinds['other_epochs']:,} were trained for another number of epochs"
        lines.append(f"Learning curves of these {variants['both']:,}: {', '.join(said)}; {before}.")
    return [line for whole in lines for line in _folded(whole)]


def _folded(text: str, first: str = "", then: str = "") -> list[str]:
    """Break a text into lines, each with what it starts with."""
    return wrap(text, WIDTH, initial_indent=first, subsequent_indent=then, break_on_hyphens=False)


def _code_lines(code: list[dict[str, Any]]) -> list[str]:
    """Return what differs of code, versions and devices, and what is not known of one side."""
    apart = [row for row in code if row["a"] != row["b"]]
    if not any(row["what"] != "device" for row in code):
        lines = ["Code: not known, neither folder has a manifest."]
    elif not apart:
        lines = ["Code: same digest, versions and device."]
    else:
        lines = ["Code:"]
    width = max((len(row["what"]) for row in apart), default=0)
    for row in apart:
        values = " → ".join(_cut(row[side] or "not known") for side in ("a", "b"))
        lines.append(f"  {row['what']:{width}}  {values}")
    return lines


def _cut(text: str, most: int = 42) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _config_lines(made: Comparison) -> list[str]:
    if made.config is None:
        sides_without = [
            name for name, side in (("A", made.first), ("B", made.second)) if side.config is None
        ]
        return [f"Config: not known of {' and '.join(sides_without)}."]
    if not made.config:
        return ["Config: the same."]
    lines = [f"Config: {_counted(len(made.config), 'key')} differ{'s' * (len(made.config) == 1)}."]
    shown = made.config[:MOST_KEYS]
    width = max(len(row["key"]) for row in shown)
    for row in shown:
        values = " → ".join(sides.written(row[side]) for side in ("a", "b"))
        lines.append(f"  {row['key']:{min(width, 44)}}  {values}")
    if len(made.config) > MOST_KEYS:
        lines.append(f"  … and {len(made.config) - MOST_KEYS} more; --json has them all")
    return lines


def _arm_lines(table: pd.DataFrame) -> Iterator[list[str]]:
    """Yield the lines of every experiment, budget and initialisation."""
    width = max(len(arm_of(row)) for _, row in table.iterrows())
    for (experiment, budget, start), rows in table.groupby(ARM[:3], sort=False):
        unknowns = f", {budget:,} unknowns" if budget else ""
        lines = [f"{experiment}{unknowns}, {start}; {_pairing(rows)}"]
        same = (rows["curves_identical"] == rows["shared"]) & (rows["runs_a"] == rows["shared"])
        same &= rows["runs_b"] == rows["shared"]
        if same.any():
            named = (
                f"{arm_of(row)}\N{NO-BREAK SPACE}{row['shared']}"
                for _, row in rows[same].iterrows()
            )
            lines += _folded("identical runs: " + ", ".join(named), "  ", "    ")
        for _, row in rows[~same].iterrows():
            digits = 2 if row["outcome"] == "accuracy" else 4
            p = "" if not np.isfinite(row["p_holm"]) else f"p {row['p_holm']:.2g}"
            kinds = "  ".join(
                f"{sign} {row[f'curves_{kind}']}"
                for kind, sign in zip(KINDS, "=≈≠", strict=True)
                if row[f"curves_{kind}"]
            )
            lines.append(
                f"{'*' if row['moved'] else ' '} {arm_of(row):{width}}  "
                f"{_signed(row['estimate'], digits):>8} {_interval(row, digits):>18}  "
                f"n {row['n']:<4} {p:10} {kinds}".rstrip()
            )
        yield lines


def _pairing(rows: pd.DataFrame) -> str:
    """Say how the arms of a panel were compared."""
    return " or ".join(
        by if by == UNPAIRED else f"paired by {by}" for by in dict.fromkeys(rows["by"])
    )


def _only_lines(only: dict[str, list[dict[str, Any]]]) -> list[str]:
    """Say which arms one side has alone."""
    lines = []
    for side, panels in only.items():
        if panels:
            number = sum(len(panel["arms"]) for panel in panels)
            lines.append(f"{_counted(number, 'arm')} only in {side.upper()}:")
            for panel in panels:
                labels = f"{panel['experiment']}, {panel['budget']:,}, {panel['initialisation']}"
                lines += _folded(f"{labels}: {', '.join(panel['arms'])}", "  ", "    ")
    return lines
