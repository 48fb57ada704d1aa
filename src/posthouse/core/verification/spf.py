"""Reads SPF policies as far as the doctor needs: their terms, whom they cover, their look-ups."""

import re
from collections.abc import Iterable

from posthouse.core.dns.answers import Answers, Outcome, Question
from posthouse.core.dns.names import normal_name

MOST_LOOKUPS = 10  # RFC 7208 section 4.6.4

_MECHANISM = re.compile(
    r"[+?~-]?(?:all|(?:include|exists):\S+|(?:ip4|ip6):[0-9a-f.:]+(?:/\d{1,3})?"
    r"|(?:a|mx|ptr)(?::[^\s/]+)?(?:/\d{1,2})?(?://\d{1,3})?)",
    re.IGNORECASE,
)
_ALL = re.compile(r"[+?~-]?all", re.IGNORECASE)
_MODIFIER = re.compile(r"[a-z][a-z0-9_.-]*=\S*", re.IGNORECASE)
# A mistyped version, or none: `v=spf include:...`, `v=sfp1 mx`, `include:example.net -all`.
_MEANT = re.compile(r"v\s*=\s*(?:spf|sfp)|(?:include|ip4):\S+.*\s[+?~-]all$", re.IGNORECASE)
_COSTS = re.compile(r"[+?~-]?(?:include:|exists:|(?:a|mx|ptr)(?:$|[:/]))|redirect=", re.IGNORECASE)
_LEADS_ON = re.compile(r"[+?~-]?include:|redirect=", re.IGNORECASE)


def is_like_policy(text: str) -> bool:
    """True if whoever published the text meant an SPF policy."""
    return bool(is_policy(text) or _MEANT.match(text))


def is_policy(text: str) -> bool:
    """True if receivers take the text for an SPF policy (RFC 7208 section 4.5)."""
    version = text.lower()
    return version == "v=spf1" or version.startswith("v=spf1 ")


def wrong_term(text: str) -> str:
    """The first term that SPF does not know, which makes the whole policy void; else empty."""
    return next((term for term in _terms(text) if not _is_term(term)), "")


def covers(text: str, ours: str) -> bool:
    """True if `text` lets pass whatever the mechanisms of `ours` let pass.

    What stands behind `all` is never read (RFC 7208 section 5.1), and does not count.
    """
    return set(_passing(ours)) <= set(_passing(text))


def allows_all(text: str) -> bool:
    """True if the policy lets everybody send."""
    return "all" in _passing_terms(text)


def void_include(text: str, ours: str, answers: Answers) -> str:
    """The first term before those of `ours` that leads to no policy; empty if there is none.

    Receivers who meet it end with an error (RFC 7208 section 5.2, `include`; 6.1, `redirect`).
    """
    left = set(_passing(ours))
    for term in _terms(text):
        if not left or _ALL.fullmatch(term):
            break
        left.discard(term.removeprefix("+").lower())
        answer = answers.get(_included(term) or ("", ""))
        settled = answer and answer.outcome in (Outcome.FOUND, Outcome.NODATA, Outcome.NXDOMAIN)
        if answer and settled and not any(map(is_policy, answer.values)):
            return term
    return ""


def joined(policies: Iterable[str]) -> str:
    """One policy that lets pass whatever one of them lets pass; the mildest `all` of them."""
    terms = [_spoken_out(term) for policy in policies for term in _terms(policy)]
    kept = [term for term in terms if _MECHANISM.fullmatch(term) and not _ALL.fullmatch(term)]
    ends = {term.lower().removeprefix("+") for term in terms if _ALL.fullmatch(term)}
    end = next((each for each in ("?all", "~all", "-all") if each in ends), "~all")
    return " ".join(("v=spf1", *dict.fromkeys(kept), end))


def _spoken_out(term: str) -> str:
    """A redirect as the include that lets pass the same, which can stand beside others."""
    start, _, target = term.partition("=")
    return f"include:{target}" if start.lower() == "redirect" else term


def lookups(text: str, answers: Answers) -> tuple[int, tuple[Question, ...]]:
    """How many look-ups the policy costs, as far as `answers` tells, and what to ask to know more.

    Stops counting just above MOST_LOOKUPS, so that policies which include themselves end.
    """
    count, todo, unknown = 0, [text], []
    while todo and count <= MOST_LOOKUPS:
        terms = _terms(todo.pop())
        count += sum(bool(_COSTS.match(term)) for term in terms)
        for question in filter(None, map(_included, terms)):
            if question in answers:
                todo += [each for each in answers[question].values if is_policy(each)][:1]
            else:
                unknown.append(question)
    return count, tuple(dict.fromkeys(unknown)) if count <= MOST_LOOKUPS else ()


def _terms(text: str) -> list[str]:
    return text.split()[1:]


def _is_term(term: str) -> bool:
    return bool(_MECHANISM.fullmatch(term) or _MODIFIER.fullmatch(term))


def _passing(text: str) -> list[str]:
    """The mechanisms before `all` whose match is a pass, in one spelling."""
    return [term for term in _passing_terms(text) if term != "all"]


def _passing_terms(text: str) -> list[str]:
    """As above, with `all` at the end if it is a pass, too."""
    passing = []
    for term in _terms(text):
        plain = term.removeprefix("+").lower()
        if _MECHANISM.fullmatch(plain) and plain[0] not in "?~-":
            passing.append(plain)
        if plain.lstrip("?~-") == "all":
            break
    return passing


def _included(term: str) -> Question | None:
    """Where an include or a redirect leads; macros depend on the message and are not followed."""
    start = _LEADS_ON.match(term)
    if start is None or "%" in term:
        return None
    return normal_name(term[start.end() :]), "TXT"
