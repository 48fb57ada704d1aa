"""Writes header lines that say one thing only, and checks the finished header block.

The standard library is not trusted with values: before 3.11.10 a subject such as
`=?utf-8?q?hi=0d=0aBcc:...?=` came out as a header of its own (CVE-2024-6923).
"""

import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from posthouse.core.composition.content import CompositionRefused, UnfitAddress, UnfitHeader

FOLD_AT: Final = 76  # RFC 2047 2 for lines with encoded words; RFC 5322 2.1.1 would allow 78
LINE_LIMIT: Final = 998  # RFC 5322 2.1.1, without CRLF
WORD_LIMIT: Final = 75  # RFC 2047 2
_WRAPPING: Final = len("=?utf-8?q??=")
_LONGEST_QUOTED: Final = 60  # a quoted string cannot be folded safely; longer names are encoded
_LONGEST_PLAIN: Final = 900  # a URL in List-Unsubscribe must stay in one piece

_BREAKS = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029]+")
_SURROGATES = re.compile(r"[\ud800-\udfff]")
_PRINTABLE = re.compile(r"[ -~]*")
_PHRASE = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_Q_SAFE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/")
_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9.-]{1,253}")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,74}")
_HARMLESS: Final = bytes([0x09, *range(0x20, 0x7F)])

# Written by us alone; a header of the caller's with one of these names would be a second one.
_OWN_NAMES = (
    "date from to reply-to subject message-id mime-version content-type content-transfer-encoding"
    " sender cc bcc received return-path dkim-signature resent-to resent-cc resent-bcc"
)
RESERVED: Final = frozenset(_OWN_NAMES.split())


class HeadersDiffer(CompositionRefused):
    """The finished header block is not the one that was meant."""

    def __init__(self, found: Sequence[bytes], intended: Sequence[bytes]) -> None:
        super().__init__(f"The message's headers are {list(found)}, not {list(intended)}.")
        self.found, self.intended = tuple(found), tuple(intended)


def clean_header(text: str) -> str:
    """A value as one line: runs of spaces and controls become one space, half pairs U+FFFD."""
    return _SURROGATES.sub("\ufffd", _BREAKS.sub(" ", text)).strip(" ")


def _q_encoded(character: str) -> str:
    if character in _Q_SAFE:
        return character
    return "_" if character == " " else "=" + character.encode().hex("=").upper()


def _runs(text: str, size: Callable[[str], int], first: int, others: int) -> Iterable[str]:
    """Cuts text between characters into runs of at most `first`, then `others`, in size."""
    run: list[str] = []
    room = first
    for character in text:
        needed = size(character)
        if needed > room and run:
            yield "".join(run)
            run, room = [], others
        run.append(character)
        room -= needed
    yield "".join(run)


def _b_room(octets: int) -> int:
    """How many octets of text fit into so many octets of base64."""
    return octets // 4 * 3


def encoded_words(text: str, taken: int) -> list[str]:
    """Text as RFC 2047 words, none inside a character; the first leaves `taken` columns free."""
    first = min(WORD_LIMIT, FOLD_AT - taken) - _WRAPPING
    others = WORD_LIMIT - _WRAPPING
    q_length = sum(len(_q_encoded(character)) for character in text)
    if q_length <= len(text.encode()) * 4 // 3:
        runs = _runs(text, lambda character: len(_q_encoded(character)), first, others)
        return [f"=?utf-8?q?{''.join(map(_q_encoded, run))}?=" for run in runs]
    runs = _runs(text, lambda character: len(character.encode()), _b_room(first), _b_room(others))
    return [f"=?utf-8?b?{b64encode(run.encode()).decode('ascii')}?=" for run in runs]


def _folded(name: str, words: Iterable[str]) -> bytes:
    lines = [f"{name}:"]
    for at, word in enumerate(words):
        if at and len(lines[-1]) + 1 + len(word) > FOLD_AT:
            lines.append("")
        lines[-1] += f" {word}"
    return "\r\n".join([*lines, ""]).encode("ascii")


def text_header(name: str, value: str) -> bytes:
    """A header that people read, such as Subject, as whole folded lines with CRLF."""
    text = clean_header(value)
    words = text.split(" ")
    longest = max(map(len, words))
    if _PRINTABLE.fullmatch(text) and "=?" not in text and longest < FOLD_AT - len(name) - 1:
        return _folded(name, words)
    return _folded(name, encoded_words(text, len(name) + 2))


def extra_header(name: str, value: str) -> bytes:
    """A header of the caller's own; a long word such as a URL stays in one piece.

    Raises UnfitHeader for a name of our own, a name that is none, or a word over the line limit.
    """
    if not _NAME.fullmatch(name):
        raise UnfitHeader(name, "a name has up to 75 letters, digits and hyphens")
    if name.lower() in RESERVED:
        raise UnfitHeader(name, "Posthouse writes it itself")
    text = clean_header(value)
    if not _PRINTABLE.fullmatch(text) or "=?" in text:
        return _folded(name, encoded_words(text, len(name) + 2))
    words = text.split(" ")
    if max(map(len, words)) > _LONGEST_PLAIN:
        raise UnfitHeader(name, f"a word in it is longer than {_LONGEST_PLAIN} characters")
    return _folded(name, words)


def safe_address(address: str) -> str:
    """The address itself, if it may stand in a header and an envelope. Raises UnfitAddress."""
    if not _ADDRESS.fullmatch(address):
        raise UnfitAddress(address)
    return address


def _phrase(name: str, taken: int) -> list[str]:
    """A display name as RFC 5322 words: atoms, a quoted string, or encoded words."""
    if _PRINTABLE.fullmatch(name) and "=?" not in name and len(name) <= _LONGEST_QUOTED:
        if _PHRASE.fullmatch(name):
            return [name]
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        return [f'"{escaped}"']
    return encoded_words(name, taken)


def mailbox_header(header: str, address: str, name: str = "") -> bytes:
    """A header with one mailbox, such as From or To, as whole folded lines with CRLF."""
    address = safe_address(address)
    display = clean_header(name)
    if not display:
        return _folded(header, [address])
    return _folded(header, [*_phrase(display, len(header) + 2), f"<{address}>"])


def field_names(headers: bytes) -> list[bytes]:
    """The names in a header block, in order and as written; a line without a colon counts whole."""
    return [
        line.partition(b":")[0]
        for line in headers.removesuffix(b"\r\n").split(b"\r\n")
        if line[:1] not in {b" ", b"\t"}
    ]


def check_final(headers: bytes, intended: Sequence[bytes]) -> None:
    """Raises HeadersDiffer unless the block is 7-bit and has just the intended names, in order."""
    found = field_names(headers)
    # Without printable octets only the CRLF pairs of the lines may be left.
    line_ends = headers.translate(None, _HARMLESS)
    if found != list(intended) or line_ends != b"\r\n" * headers.count(b"\r\n"):
        raise HeadersDiffer(found, intended)
