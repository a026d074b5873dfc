"""Numbers as the page writes them."""

import math
from collections.abc import Mapping
from typing import Any

MINUS, NOTHING = "−", "–"


def number(value: Any, digits: int = 3) -> str:
    """Write a number with so many significant digits; a dash for none."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return NOTHING
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if math.isinf(value):
        return "∞" if value > 0 else f"{MINUS}∞"
    if float(value).is_integer() and abs(value) < 1e15:
        return f"{value:,.0f}".replace("-", MINUS)
    text = f"{value:.{digits}g}"
    if "e+" in text:
        text = f"{value:,.0f}"
    return text.replace("-", MINUS)


def with_interval(row: Mapping[str, Any]) -> str:
    """Write an estimate with its interval: 3.8 [1.2, 6.4]; a bound that is missing is a dash."""
    low, high = row.get("low"), row.get("high")
    text = number(row.get("estimate"))
    if low is None and high is None:
        return text
    return f"{text} [{number(low)}, {number(high)}]"


def typeset(words: str) -> str:
    """Write a difference's hyphen as a minus: balanced − dense."""
    return words.replace(" - ", f" {MINUS} ")


def percent(share: float, digits: int = 1) -> str:
    """Write a share in percent; a dash for none."""
    return NOTHING if math.isnan(share) else f"{100 * share:.{digits}f}\N{NO-BREAK SPACE}%"


def duration(seconds: float) -> str:
    """Write seconds as hours, minutes and seconds, the two largest of them."""
    whole = round(seconds)
    parts = ((whole // 3600, "h"), (whole % 3600 // 60, "min"), (whole % 60, "s"))
    first = next((place for place, (value, _) in enumerate(parts) if value), 2)
    shown = [f"{value} {unit}" for value, unit in parts[first : first + 2] if value]
    return " ".join(shown) or "0 s"
