"""What a server says it can do in its answer to EHLO (RFC 5321 4.1.1.1)."""

from dataclasses import dataclass, field

from posthouse.core.smtp.replies import readable


@dataclass(frozen=True, slots=True)
class Extensions:
    names: frozenset[str] = frozenset()  # keywords, upper case
    mechanisms: frozenset[str] = frozenset()  # of AUTH
    size: int = 0  # octets of the largest message, 0 = not said
    lines: tuple[str, ...] = field(default=(), compare=False)  # as the server wrote them


NO_EXTENSIONS = Extensions()


def parse_ehlo(raw: bytes) -> Extensions:
    """Reads the text lines of a 250 reply to EHLO; the first line is the server's name."""
    lines = tuple(readable(line) for line in raw.split(b"\n")[1:])
    names: set[str] = set()
    mechanisms: set[str] = set()
    size = 0
    for line in lines:
        # "AUTH=PLAIN LOGIN" is an old spelling that some servers still add for old clients.
        keyword, *values = line.upper().replace("AUTH=", "AUTH ", 1).split() or [""]
        names.add(keyword)
        if keyword == "AUTH":
            mechanisms.update(values)
        elif keyword == "SIZE" and values and values[0].isdecimal() and len(values[0]) <= 20:
            size = int(values[0])
    return Extensions(frozenset(names - {""}), frozenset(mechanisms), size, lines)
