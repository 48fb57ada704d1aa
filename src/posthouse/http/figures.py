"""Numbers, sizes, rates and times as a person reads them."""

from datetime import datetime, timedelta

NOTHING = "–"
SECOND, MINUTE, HOUR, DAY = 1, 60, 3_600, 86_400

# Same steps as frontend/times.js, so that the text does not change when the script takes over.
STEPS = ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute"))
JUST_NOW = timedelta(seconds=45)
DATE_AFTER = timedelta(days=30)

UNITS = ("bytes", "kB", "MB", "GB", "TB")


def number(value: float | None) -> str:
    """`40,000,000`; a dash for None; at most two decimals for what is not whole."""
    if value is None:
        return NOTHING
    if value == int(value):
        return f"{int(value):,}"
    return f"{value:,.2f}"


def percent(part: float | None, whole: float | None, digits: int = 1) -> str:
    """`12.3%` of the whole; never rounds some to none or almost all to all."""
    if part is None or not whole:
        return NOTHING
    share, step = 100 * part / whole, 10.0**-digits
    if part in (0, whole):
        return f"{share:.0f}%"
    if share < step:
        return f"<{step:.{digits}f}%"
    if share < 100:
        share = min(share, 100 - step)
    return f"{share:.{digits}f}%"


def rate(per_second: float | None) -> str:
    """`12,345 msg/s`; slow ones by the minute."""
    if per_second is None:
        return NOTHING
    if per_second >= 10:
        return f"{per_second:,.0f} msg/s"
    if per_second >= 1 or per_second == 0:
        return f"{per_second:.1f} msg/s" if per_second else "0 msg/s"
    return f"{per_second * MINUTE:.1f} msg/min"


def size(octets: float | None) -> str:
    """`48.2 kB` (1 kB = 1,000 bytes)."""
    if octets is None:
        return NOTHING
    if octets < 1_000:
        return f"{octets:.0f} bytes"
    power = min(len(f"{octets:.0f}") - 1, 12) // 3  # by the number of digits: kB, MB, GB, TB
    return f"{octets / 1_000**power:,.1f} {UNITS[power]}"


def duration(seconds: float | None) -> str:
    """The two largest units: `1 h 20 min`, `2 min 5 s`, `3 days 4 h`."""
    if seconds is None:
        return NOTHING
    left = round(seconds)
    if left < 1:
        return "under 1 s"
    words = []
    for length, unit in ((DAY, "days"), (HOUR, "h"), (MINUTE, "min"), (SECOND, "s")):
        count, left = divmod(left, length)
        if count:
            words.append(f"{count} {'day' if unit == 'days' and count == 1 else unit}")
        elif words:
            break
    return " ".join(words[:2])


def relative(then: datetime, now: datetime) -> str:
    """`5 minutes ago`, `in 3 hours`; the date itself once it is a month away."""
    gap = now - then
    if abs(gap) < JUST_NOW:
        return "just now"
    if abs(gap) >= DATE_AFTER:
        return f"{then.day} {then:%b %Y}"
    seconds = max(abs(gap).total_seconds(), MINUTE)
    length, unit = next(step for step in STEPS if seconds >= step[0])
    count = int(seconds // length)
    words = f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{words} ago" if gap > timedelta(0) else f"in {words}"


def exact(then: datetime) -> str:
    """`2026-03-03 14:05:09 UTC`, in the zone that the time carries."""
    return f"{then:%Y-%m-%d %H:%M:%S %Z}".rstrip()
