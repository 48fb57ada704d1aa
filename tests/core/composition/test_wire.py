"""What a relay could stumble over is seen in the final bytes."""

import pytest

from posthouse.core.composition.wire import flaws


def test_a_sound_message_has_no_flaws() -> None:
    assert flaws(b"Subject: x\r\n\r\nbody " + b"x" * 900 + b"\r\n") == []


@pytest.mark.parametrize(
    ("body", "flaw"),
    [
        ("ö\r\n".encode(), "above 127"),
        (b"a\x00b\r\n", "NUL"),
        (b"a\nb\r\n", "alone"),
        (b"a\rb\r\n", "alone"),
        (b"a\r\r\n", "alone"),
        (b"x" * 999 + b"\r\n", "over 998"),
        (b".hidden\r\n", "dot"),
        (b"From here\r\n", "From"),
        (b"no end", "no line end"),
    ],
)
def test_each_flaw_is_named(body: bytes, flaw: str) -> None:
    [found] = flaws(b"Subject: x\r\n\r\n" + body)
    assert flaw in found
