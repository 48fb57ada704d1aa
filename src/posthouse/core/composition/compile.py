"""Compiles content and a sender once into bytes with slots, so that a recipient costs one join."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from functools import partial
from hashlib import sha256
from operator import itemgetter
from typing import Final

from posthouse.core.composition.content import Content, Sender
from posthouse.core.composition.escaping import Place
from posthouse.core.composition.headers import (
    extra_header,
    field_names,
    mailbox_header,
    safe_address,
    text_header,
)
from posthouse.core.composition.logic import Logic
from posthouse.core.composition.memo import remembered
from posthouse.core.composition.merge import Part, read_plain
from posthouse.core.composition.mergetags import Slot
from posthouse.core.composition.parts import read_parts
from posthouse.core.composition.quoted import quote
from posthouse.core.composition.skeleton import skeleton

_LONGEST_VALUE: Final = 100  # characters of a value worth remembering
_LONGEST_BLOCK: Final = 2_000  # of a block of logic: many people get the same branch


class Own(Enum):
    """What in a message is neither content nor sender."""

    DATE = auto()
    TO = auto()
    MESSAGE_ID = auto()


@dataclass(frozen=True, slots=True, eq=False)
class HeaderLine:
    """A header whose value has merge tags, and the function that writes it."""

    part: Part
    write: Callable[[str], bytes]

    def line(self, values: Mapping[str, str], now: datetime) -> bytes:
        """The whole folded line for one recipient."""
        return self.write(self.part.text(values, now))


@dataclass(frozen=True, slots=True)
class IslandOf:
    """The n-th output of some logic in a part."""

    logic: Logic
    number: int


Filled = Own | HeaderLine | Slot | IslandOf


@dataclass(frozen=True, slots=True, eq=False)
class CompiledMessage:
    """One content version under one identity: static bytes, and what is filled in for each person.

    `pick` takes the statics followed by the values of `Own`, lines, slots and logic, and gives the
    pieces in the order in which they are joined.
    """

    statics: tuple[bytes, ...]
    pick: Callable[[Sequence[bytes]], Sequence[bytes]]
    lines: tuple[HeaderLine, ...]
    slots: tuple[tuple[str, Callable[[str], bytes]], ...]
    logic: tuple[tuple[Logic, Callable[[str], bytes]], ...]
    header_names: tuple[bytes, ...]
    message_id_domain: str
    fields: frozenset[str]


def _header(name: str, value: str, write: Callable[[str, str], bytes]) -> bytes | HeaderLine:
    """A header as bytes, or as a line to fill in where its value has merge tags."""
    part = read_plain(value, Place.HEADER)
    if not part.fields and part.logic is None:
        return write(name, "".join(str(piece) for piece in part.pieces))
    write(name, "")  # a bad name is found now, not at the first recipient
    return HeaderLine(part, remembered(partial(write, name), _LONGEST_VALUE))


def _sender_lines(sender: Sender) -> tuple[bytes, bytes]:
    """The From line, and the Reply-To line or nothing."""
    reply_to = mailbox_header("Reply-To", sender.reply_to) if sender.reply_to else b""
    return mailbox_header("From", sender.from_address, sender.from_name), reply_to


def _encoded(part: Part | None) -> Iterator[bytes | Filled]:
    """A part in quoted-printable, ending in a line end."""
    if part is None:
        return
    *pieces, last = part.pieces or ("",)
    ended = [last.removesuffix("\n") + "\n"] if isinstance(last, str) else [last, "\n"]
    for piece in (*pieces, *ended):
        if isinstance(piece, str):
            yield quote(piece)
        elif isinstance(piece, Slot):
            yield piece
        elif part.logic is not None:
            yield IslandOf(part.logic, piece.number)


def _body(cuts: Sequence[bytes], parts: Sequence[Part | None]) -> Iterator[bytes | Filled]:
    for cut, part in zip(cuts, parts, strict=False):
        yield cut
        yield from _encoded(part)
    yield cuts[-1]


def _lay_out(
    pieces: Iterable[bytes | Filled], names: Sequence[bytes], domain: str, fields: Iterable[str]
) -> CompiledMessage:
    joined: list[bytes | Filled] = []
    for piece in pieces:
        if joined and isinstance(piece, bytes) and isinstance(joined[-1], bytes):
            joined[-1] += piece
        else:
            joined.append(piece)
    statics = [piece for piece in joined if isinstance(piece, bytes)]
    lines = [piece for piece in joined if isinstance(piece, HeaderLine)]
    slots = list(dict.fromkeys(piece for piece in joined if isinstance(piece, Slot)))
    logic = list(dict.fromkeys(piece.logic for piece in joined if isinstance(piece, IslandOf)))
    islands = [IslandOf(each, number) for each in logic for number in range(each.islands)]
    filled = {key: at for at, key in enumerate((*Own, *lines, *slots, *islands), len(statics))}
    static = iter(range(len(statics)))
    order = [next(static) if isinstance(piece, bytes) else filled[piece] for piece in joined]
    return CompiledMessage(
        tuple(statics),
        itemgetter(*order),
        tuple(lines),
        tuple((slot.field, remembered(partial(_fill, slot), _LONGEST_VALUE)) for slot in slots),
        tuple((each, remembered(quote, _LONGEST_BLOCK)) for each in logic),
        tuple(names),
        domain,
        frozenset(fields),
    )


def _fill(slot: Slot, raw: str) -> bytes:
    return quote(slot.shape(raw))


def compile_message(
    content: Content, sender: Sender, *, extra_headers: Iterable[tuple[str, str]] = ()
) -> CompiledMessage:
    """Compiles one content version for one sender; values of extra headers may hold merge tags.

    Raises CompositionRefused: merge tags that cannot be read, an unfit address or header.
    """
    text, html = read_parts(content)
    boundary = "=_" + sha256(repr(content).encode("utf-8", "replace")).hexdigest()[:24]
    mime, cuts = skeleton(html=html is not None, boundary=boundary)
    from_line, reply_to = _sender_lines(sender)
    domain = safe_address(f"id@{sender.message_id_domain}").partition("@")[2]
    subject = _header("Subject", content.subject, text_header)
    extras = [(name, _header(name, value, extra_header)) for name, value in extra_headers]
    head: list[bytes | Filled] = [Own.DATE, from_line, Own.TO, reply_to, subject, Own.MESSAGE_ID]
    head += [*mime, *(line for _, line in extras), b"\r\n"]
    names = [b"Date", b"From", b"To", *[b"Reply-To"] * bool(reply_to), b"Subject", b"Message-ID"]
    names += [*field_names(b"".join(mime)), *(name.encode("ascii") for name, _ in extras)]
    fields = set().union(*(part.fields for part in (text, html) if part))
    fields |= set().union(*(line.part.fields for line in head if isinstance(line, HeaderLine)))
    return _lay_out([*head, *_body(cuts, [text, html])], names, domain, fields)
