"""The seven steps to a first send, each judged by what is there and whether it works."""

from typing import Final

from posthouse.accounts.models import UserGroup
from posthouse.core.channels import Channel
from posthouse.domains.models import SenderDomain
from posthouse.http import figures
from posthouse.operations.checks import Check, Mark, to
from posthouse.operations.facts import Facts, routed
from posthouse.servers.models import DeliveryServer

_OK: Final = DeliveryServer.TestState.OK


def steps(facts: Facts) -> list[Check]:
    """All seven, in the order in which they are best done."""
    return [
        _templates(facts),
        _master(facts),
        _server(facts),
        _group(facts),
        _domain(facts),
        _processes(facts),
        _campaign(facts),
    ]


def _templates(facts: Facts) -> Check:
    count = len(facts.campaign_templates)
    mark, sentence = Mark.FINE, f"The file can be read and has {_of(count, 'template')}."
    if facts.templates_problem:
        mark = Mark.TROUBLE if count else Mark.MISSING
        kept = " The last good version stays in force." if count else ""
        sentence = f"{facts.templates_problem}{kept}"
    elif not count:
        mark = Mark.MISSING
        sentence = "The file has no template: nobody knows what a sender domain must publish."
    url = to("domains:templates")
    return Check("dns-templates", "Have DNS templates", mark, sentence, url, "Open the templates")


def _master(facts: Facts) -> Check:
    last = facts.master
    if last is None:
        mark, sentence = Mark.MISSING, "Not checked yet. Every account's records lead there."
    elif last.fine:
        age = figures.relative(last.at, facts.now)
        mark, sentence = Mark.FINE, f"All that accounts inherit was fine, checked {age}."
    else:
        wrong = [each for each in last.findings if each["state"] != "ok"]
        named = ", ".join(dict.fromkeys(each["check"] for each in wrong))
        age = figures.relative(last.at, facts.now)
        mark = Mark.TROUBLE if facts.sent else Mark.MISSING
        sentence = f"Checked {age}, and not all was right: {named}. Every account inherits that."
    url = to("domains:templates")
    return Check("master-domain", "Publish your own domain's DNS", mark, sentence, url, "Check it")


def _server(facts: Facts) -> Check:
    url, action = to("servers:list"), "Open the servers"
    tested = [server for server in facts.in_use if server.test_state == _OK]
    if not facts.in_use:
        mark, sentence = Mark.MISSING, "There is no delivery server that mail could leave through."
        url, action = to("servers:new"), "New delivery server"
    elif not tested:
        first = facts.in_use[0]
        mark, sentence = Mark.MISSING, f"No connection test has worked yet: test {first.name}."
        url, action = to("servers:test", first.public_id), "Test it"
    else:
        mark = Mark.FINE
        sentence = f"{_of(len(tested), 'delivery server')} passed the connection test."
    return Check(
        "delivery-server", "Set up and test a delivery server", mark, sentence, url, action
    )


def _group(facts: Facts) -> Check:
    mark, url, action = Mark.MISSING, to("accounts:groups"), "Open the groups"
    ready = [group for group in facts.groups if not _lacks(facts, group)]
    if not facts.groups:
        sentence = "Accounts inherit delivery servers, DNS template and limits from a group."
        url, action = to("accounts:new-group"), "New user group"
    elif not ready:
        group = facts.groups[0]
        sentence = f"{group.name} has {_lacks(facts, group)}."
        url, action = to("accounts:group", group.public_id), "Open the group"
    else:
        mark = Mark.FINE
        sentence = f"{_of(len(ready), 'group')} with a DNS template and a server for campaigns."
    return Check("user-group", "Route a user group", mark, sentence, url, action)


def _lacks(facts: Facts, group: UserGroup) -> str:
    """What keeps a group's campaigns from leaving; empty: nothing does."""
    if group.sender_domain_management and (
        group.campaign_dns_template not in facts.campaign_templates
    ):
        return f"the DNS template “{group.campaign_dns_template}”, which is not in the file"
    if not routed(facts, group, Channel.MARKETING):
        return "no delivery server in use for marketing, so its campaigns have no way out"
    return ""


def _domain(facts: Facts) -> Check:
    mark, url, action = Mark.MISSING, to("domains:list"), "Open the domains"
    enabled = facts.domains.get(SenderDomain.Status.ENABLED, 0)
    free = any(not group.sender_domain_management for group in facts.groups)
    if not facts.accounts:
        sentence = "There is no account yet. Its owner is mailed a link to sign in."
        url, action = to("accounts:new-account"), "New account"
    elif enabled:
        mark, sentence = Mark.FINE, f"{_of(enabled, 'sender domain')} is Enabled."
        sentence = sentence if enabled == 1 else f"{enabled:,} sender domains are Enabled."
    elif free:
        mark, sentence = Mark.FINE, "A group sends from any address: it needs no sender domain."
    else:
        waiting = facts.domains.get(SenderDomain.Status.PENDING, 0)
        sentence = "No account has an Enabled sender domain. Its people add one and publish its DNS"
        sentence += f"; {waiting:,} wait for their records." if waiting else "."
    return Check("sender-domain", "Have a sender domain Enabled", mark, sentence, url, action)


def _processes(facts: Facts) -> Check:
    working = [line.engine.name for line in facts.engines if line.works]
    silent = [line.engine.name for line in facts.engines if not line.works]
    mark = Mark.TROUBLE if facts.sent else Mark.MISSING
    if not working and not facts.worker_works:
        sentence = "Neither a send engine nor the worker runs. On the server: ./run up"
    elif not working:
        told = f" ({', '.join(silent[:3])}: stopped or not answering)" if silent else ""
        sentence = f"No send engine runs{told}, so nothing is delivered. On the server: ./run up"
    elif not facts.worker_works:
        sentence = (
            "The worker does not run: nothing is prepared or retried. On the server: ./run up"
        )
    else:
        mark = Mark.FINE
        sentence = f"{_of(len(working), 'engine')} and the worker run."
    url = to("operations:engines")
    return Check("engines", "Start a send engine", mark, sentence, url, "Open the engines")


def _campaign(facts: Facts) -> Check:
    mark = Mark.FINE if facts.sent else Mark.MISSING
    sentence = (
        "A delivery server has accepted mail."
        if facts.sent
        else "In the account's own area, by its people."
    )
    url = to("accounts:accounts")
    return Check(
        "first-campaign", "Send the first campaign", mark, sentence, url, "Open the accounts"
    )


def _of(count: int, word: str) -> str:
    """``1 engine``, ``2 engines``."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"
