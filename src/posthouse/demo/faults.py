"""How the sink misbehaves when it is asked to: a table of stage, address pattern and action."""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from posthouse.core.delivery.replies import Stage

DROP = "drop"  # close without an answer; at END the message was taken
LOSE = "lose"  # the same, but the message was not taken
STALL = "stall"  # say nothing any more, and stay connected


@dataclass(slots=True)
class Fault:
    """`action` is DROP, LOSE, STALL, or a reply; a reply that begins with 421 also closes.

    `pattern` is a shell pattern for the return path (at MAIL) or the recipient (at RCPT, DATA and
    END); elsewhere there is no address and only "*" fits. `times` 0 = always.
    """

    stage: Stage
    action: str
    pattern: str = "*"
    times: int = 0
    used: int = 0


class FaultNotUnderstood(ValueError):
    """A fault on the command line is not STAGE:PATTERN:ACTION."""


def parse_fault(text: str) -> Fault:
    """`rcpt:*@bad.example:550 5.1.1 No such user`; with `3*rcpt:...` only three times."""
    count, star, rest = text.partition("*")
    times = int(count) if star and count.isdecimal() else 0
    parts = (rest if times else text).split(":", 2)
    if len(parts) != 3 or parts[0] not in set(Stage) or not parts[2]:
        stages = ", ".join(Stage)
        raise FaultNotUnderstood(f"{text!r} is not STAGE:PATTERN:ACTION; stages are {stages}")
    return Fault(Stage(parts[0]), parts[2], parts[1], times)


def find_fault(faults: Sequence[Fault], stage: Stage, address: str) -> str:
    """The action of the first fault that fits, "" if none does; uses up a fault with `times`."""
    for fault in faults:
        if (
            fault.stage is stage
            and fnmatchcase(address, fault.pattern)
            and (not fault.times or fault.used < fault.times)
        ):
            fault.used += 1
            return fault.action
    return ""
