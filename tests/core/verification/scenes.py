"""Made-up DNS worlds for the tests of checking and diagnosis."""

from collections.abc import Iterable, Mapping

from posthouse.core.dns.answers import Answer, Answers, Outcome, Question
from posthouse.core.dns.records import Record, RecordType, record
from posthouse.core.verification.cases import Known
from posthouse.core.verification.checks import check_all, questions
from posthouse.core.verification.delegations import Delegation
from posthouse.core.verification.diagnosis import Diagnosis, diagnose_all
from posthouse.core.verification.followups import company_questions, follow_up_questions

DOMAIN = "mail.example.com"
ALIAS = record("sl.mail.example.com", RecordType.CNAME, "mailer.example.net", "return-path")
TOKEN = record("abcdefghij.sl.mail.example.com", RecordType.TXT, "Zm9vYmFyYmF6+/=", "ownership")
DMARC = record("_dmarc.mail.example.com", RecordType.CNAME, "_dmarc.mailer.example.net", "dmarc")


class Scene:
    """A DNS world: what is told here answers, all else is absent.

    `there(name, type, value, ...)` publishes; `ends(name, type, outcome)` makes a look-up end so.
    """

    def __init__(self) -> None:
        self.told: dict[Question, Answer] = {("example.com", "SOA"): _soa("example.com")}

    def there(self, name: str, kind: str, *values: str, chain: Iterable[str] = ()) -> "Scene":
        chain = tuple(chain) or (values[:1] if kind == "CNAME" else ())
        self.told[name, kind] = Answer(name, kind, Outcome.FOUND, values, 300, chain)
        return self

    def ends(
        self, name: str, kind: str, outcome: Outcome, chain: Iterable[str] = (), ttl: int = 0
    ) -> "Scene":
        chain = tuple(chain)
        values = chain[:1] if kind == "CNAME" else ()
        self.told[name, kind] = Answer(name, kind, outcome, values, ttl, chain)
        return self

    def answers(self, asked: Iterable[Question]) -> Answers:
        return {each: self.told.get(each) or Answer(*each, Outcome.NXDOMAIN) for each in asked}

    def diagnose(
        self,
        *records: Record,
        domain: str = DOMAIN,
        authority: "Scene | None" = None,
        delegations: tuple[Delegation, ...] = (),
        earlier: tuple[Record, ...] = (),
        servers: "Mapping[str, Scene] | None" = None,
    ) -> tuple[Diagnosis, ...]:
        """Both rounds of look-ups, as the product makes them."""
        answers = dict(self.answers(questions(records)))
        findings = check_all(records, answers)
        answers.update(self.answers(follow_up_questions(findings, domain, earlier)))
        asked = (*questions(records), *company_questions(findings))
        said = authority.answers(asked) if authority else {}
        each = {name: scene.answers(questions(records)) for name, scene in (servers or {}).items()}
        known = Known(answers, said, delegations, earlier, each)
        return diagnose_all(findings, known, domain=domain)


def _soa(zone: str) -> Answer:
    return Answer(zone, "SOA", Outcome.FOUND, ("ns.example.com hostmaster.example.com 1",), 300)
