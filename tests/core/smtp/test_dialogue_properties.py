"""Whatever the server answers, however its bytes are split: every message ends once, truthfully."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from posthouse.core.delivery.states import Result
from posthouse.core.smtp.settings import Encryption, ServerSettings
from tests.core.smtp.driving import message, play
from tests.core.smtp.server_model import ServerModel

MODES = {
    "chunking": ("PIPELINING", "CHUNKING", "SIZE 1000000"),
    "pipelining": ("PIPELINING", "8BITMIME"),
    "lock-step": ("8BITMIME",),
}
REFUSALS = (
    "450 4.2.0 later",
    "451 later",
    "452-4.3.1 disk\r\n452 4.3.1 full",
    "550 5.1.1 no such user",
    "552 5.2.2 full",
    "554 5.7.1 denied",
    "550",
    "550 kein Empf\xe4nger",
)
STRANGE = ("421 4.3.2 closing", "garbage", "354 what", "199 early", "250-a\r\n550 b", "")

stages = st.sampled_from(["mail", "rcpt", "data", "end"])
places = st.dictionaries(st.tuples(stages, st.integers(0, 11)), st.sampled_from(REFUSALS))
modes = st.sampled_from(sorted(MODES))
sizes = st.lists(st.integers(1, 40), max_size=60)


def scripted(
    mode: str,
    replies: dict[tuple[str, int], str],
    *,
    checks_order: bool = True,
    keeps_sender: bool = True,
) -> ServerModel:
    by_address = {
        (stage, f"b{n}@sl.mail.example.com" if stage == "mail" else f"r{n}@example.org"): reply
        for (stage, n), reply in replies.items()
    }
    return ServerModel(
        MODES[mode],
        lambda stage, who: by_address.get((stage, who), ""),
        checks_order=checks_order,
        keeps_sender=keeps_sender,
    )


def truth(server: ServerModel) -> Counter[tuple[str, str, bytes]]:
    return Counter(server.accepted)


@given(
    mode=modes,
    replies=places,
    sizes=sizes,
    checks_order=st.booleans(),
    keeps_sender=st.booleans(),
    depth=st.integers(1, 5),
)
def test_a_script_of_refusals_never_loses_step(
    *,
    mode: str,
    replies: dict[tuple[str, int], str],
    sizes: list[int],
    checks_order: bool,
    keeps_sender: bool,
    depth: int,
) -> None:
    server = scripted(mode, replies, checks_order=checks_order, keeps_sender=keeps_sender)
    messages = [message(n, lines=n % 3) for n in range(12)]
    options = ServerSettings(host="x", encryption=Encryption.NONE, pipeline_depth=depth)

    run = play(server, messages, settings=options, sizes=sizes)

    outcomes = run.by_token()
    assert set(outcomes) == set(range(12))
    assert run.dialogue.breakdown is None
    accepted = [m for m in messages if outcomes[m.token].result is Result.ACCEPTED]
    # A server that checks no order takes recipient and content after a refused MAIL, and takes
    # the lone dot for a message.
    known = slice(0 if checks_order else 1, None)
    assert Counter(copy[known] for copy in server.accepted if copy[2]) == Counter(
        (m.mail_from, m.recipient, m.content)[known] for m in accepted
    )
    for n, outcome in outcomes.items():
        told = [s for s in ("mail", "rcpt", "data", "end") if (s, n) in replies]
        if mode == "chunking" and "data" in told:
            told.remove("data")
        assert outcome.result is not Result.UNTOUCHED
        if not told:
            assert outcome.result is Result.ACCEPTED
        elif checks_order:
            assert outcome.stage == told[0]
            assert str(outcome.code) == replies[told[0], n][:3]


@given(modes, places, sizes)
def test_the_split_of_the_bytes_changes_nothing(
    mode: str, replies: dict[tuple[str, int], str], sizes: list[int]
) -> None:
    messages = [message(n) for n in range(8)]
    whole = play(scripted(mode, replies), messages)
    pieces = play(scripted(mode, replies), messages, sizes=sizes)
    assert pieces.by_token() == whole.by_token()


@settings(max_examples=200)
@given(
    mode=modes,
    replies=places,
    place=st.tuples(stages, st.integers(0, 9)),
    strange=st.sampled_from(STRANGE),
    sizes=sizes,
    cut_after=st.one_of(st.none(), st.integers(0, 900)),
)
def test_however_it_ends_the_outcomes_are_true(
    *,
    mode: str,
    replies: dict[tuple[str, int], str],
    place: tuple[str, int],
    strange: str,
    sizes: list[int],
    cut_after: int | None,
) -> None:
    server = scripted(mode, {**replies, place: strange})
    messages = [message(n) for n in range(10)]

    run = play(server, messages, sizes=sizes, cut_after=cut_after)

    outcomes = run.by_token()
    assert set(outcomes) == set(range(10))
    taken = truth(server)
    assert all(copies == 1 for copies in taken.values())
    for m in messages:
        result = outcomes[m.token].result
        if result is not Result.UNCERTAIN:
            assert ((m.mail_from, m.recipient, m.content) in taken) == (result is Result.ACCEPTED)
        else:
            assert m.token in run.started
    uncertain = [t for t in outcomes if outcomes[t].result is Result.UNCERTAIN]
    assert len(uncertain) <= (4 if mode == "chunking" else 1)


@given(st.binary(max_size=300), sizes)
def test_no_bytes_of_a_stranger_raise(noise: bytes, sizes: list[int]) -> None:
    server = ServerModel(
        script=lambda stage, who: noise.decode("latin-1") if stage == "end" else ""
    )
    run = play(server, [message(n) for n in range(6)], sizes=sizes)
    assert set(run.by_token()) == set(range(6))
