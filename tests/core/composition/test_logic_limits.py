"""Templates that try to take the machine: each ends soon, small, and alone (A3)."""

import os
import subprocess
import sys

import pytest

from posthouse.core.composition.logic import MergeFailed
from posthouse.core.composition.merge import read_html, read_plain
from posthouse.core.composition.mergetags import MergeRefused
from tests.core.composition.hostile import NOW

_DOUBLING = "{% assign x = 'ab' %}" + "{% assign x = x | append: x %}" * 60 + "{{ x }}"
_SQUARING = "{% assign n = 99999 %}" + "{% assign n = n | times: n %}" * 40 + "{{ n }}"
_LOOPS = "{% for a in (1..1000) %}{% for b in (1..1000) %}{% for c in (1..1000) %}x{% endfor %}"

HUNGRY = [
    "{% for i in (1..1000000000) %}x{% endfor %}",
    "{% for i in (1..1000000000) reversed %}x{% endfor %}",
    "{% for i in (1..v) reversed %}x{% endfor %}",
    "{{ (1..1000000000) | join: 'xx' }}",
    "{{ (1..1000000000) | reverse | first }}",
    _LOOPS + "{% endfor %}{% endfor %}",
    "{% for a in (1..900) %}x{% endfor %}" * 900,
    "{% for a in (1..900) %}" + "{% if true %}{% endif %}" * 1_500 + "{% endfor %}",
    "{% if v %}{{ v }}{% endif %}" * 5_000,
    _DOUBLING,
    _SQUARING,
    "{% for i in (1..1000) %}{% assign x = x | append: 'abcdefgh' | append: x %}{% endfor %}",
    "{% for i in (1..1000) %}{% capture x %}{{ x }}{{ x }}y{% endcapture %}{% endfor %}",
    "{{ big | replace: '', big }}",
    "{{ big | replace: 'a', big }}",
    "{{ big | split: '' | join: big }}",
    "{{ big | split: 'a' | sort | reverse | size }}",
    "{{ v | date: '%1000000000Y' }}",
    "{{ 'now' | date: '%1000000000d%999999999S' }}",
    "{{ 9 | round: 999999999 | times: 9e300 | times: 9e300 | ceil }}",
    "{{ '" + "9" * 900 + "' | times: 9 | times: 9 }}",
    "{% if " + "a and " * 150 + "a %}x{% endif %}",
    "{{ a" + "[a" * 200 + "]" * 200 + " }}",
    "{% if v %}" * 500 + "{% endif %}" * 500,
    "{{ v | truncate: 999999999, big }}",
    "{{ v" + " | append: 'x'" * 70 + " }}",
]

SNOOPING = [
    "{{ v.__class__ }}", "{{ v.__class__.__mro__[1].__subclasses__ }}", "{{ v['__class__'] }}",
    "{{ ''.__class__ }}", "{{ forloop.__init__.__globals__ }}", "{{ now.__class__ }}",
    "{{ env.SNOOPED }}", "{{ environ['SNOOPED'] }}", "{{ os.environ.SNOOPED }}", "{{ self }}",
    "{{ settings.SECRET_KEY }}", "{{ config }}", "{{ request }}", "{{ context.globals }}",
    "{{ SNOOPED }}", "{{ 'SNOOPED' | env }}", "{% include '/etc/passwd' %}",
    "{% render '/proc/self/environ' %}", "{% extends 'x' %}", "{% import os %}",
    "{% for i in (1..2) %}{{ forloop.parentloop.__class__ }}{{ forloop['it'] }}{% endfor %}",
    "{{ v | map: '__class__' }}", "{{ now | date: '%Z%z%c%x%X%s' }}", "{{ v | safe }}",
    "{% liquid echo v %}", "{% tablerow i in (1..3) %}{% endtablerow %}",
    "{% for x in v %}{{ x.__class__ }}{{ forloop }}{% endfor %}",
]  # fmt: skip

VALUES = {"v": "9999999999", "big": "a" * 10_000, "a": "x"}


def outcome(text: str) -> str:
    """What a template comes to, or the sentence with which it was refused."""
    try:
        return read_plain(text).text(VALUES, NOW)
    except (MergeRefused, MergeFailed) as refused:
        return str(refused)


@pytest.mark.parametrize("text", HUNGRY, ids=[text[:40] for text in HUNGRY])
def test_a_hungry_template_gets_little(text: str) -> None:
    assert len(outcome(text)) <= 500_000


def test_hungry_templates_stay_within_memory_and_time() -> None:
    """All of them in a process that may not grow by 256 MB nor take a minute of processor time."""
    program = (
        "import resource\n"
        "from tests.core.composition.test_logic_limits import HUNGRY, outcome\n"
        "outcome('{% if v %}{{ v | date: \"%Y\" }}{% endif %}')\n"
        "used = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()\n"
        "resource.setrlimit(resource.RLIMIT_AS, (used + 2**28, used + 2**28))\n"
        "resource.setrlimit(resource.RLIMIT_CPU, (60, 60))\n"
        "for text in HUNGRY: outcome(text)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


@pytest.mark.parametrize("text", SNOOPING)
def test_a_snooping_template_sees_nothing(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SNOOPED", "a-secret-of-the-operator")
    seen = outcome(text)
    assert os.environ["SNOOPED"] not in seen
    for leak in ("class", "<", "0x", "root:", "function"):
        assert leak not in seen.replace(text, "").replace("__class__", "")


def test_the_clock_is_the_callers() -> None:
    assert outcome("{{ now | date: '%Y-%m-%d' }} {{ 'today' | date: '%d' }}") == "2026-11-21 21"


def test_one_persons_failure_says_what_went_wrong() -> None:
    part = read_plain("{% if v %}{{ 1 | divided_by: v }}{% endif %}")
    assert part.text({"v": "1"}, NOW) == "1"
    with pytest.raises(MergeFailed, match="divide by 0"):
        part.text({"v": "0"}, NOW)


def test_a_template_that_stops_early_is_not_sent_half() -> None:
    with pytest.raises(MergeFailed):
        read_plain("{{ v | append: '!' }}{% if v %}{% break %}{% endif %} the rest").text(
            VALUES, NOW
        )


def test_no_literal_can_end_an_island() -> None:
    part, _ = read_html("<p>\x01 {% if v %}\x01\x02 { {{ v }} }{% endif %}</p>")
    assert part.text({"v": "\x01{\x02"}, NOW) == "<p>    {  {  }</p>"
