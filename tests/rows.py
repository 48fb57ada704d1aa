"""A row of an account for every parameter that an address can have, and ids that nobody has."""

import re
import secrets
from collections.abc import Mapping

from posthouse.accounts import access
from posthouse.accounts.actors import SYSTEM
from posthouse.accounts.models import Account, ApiKey, User
from posthouse.accounts.tenancy import new_public_id
from posthouse.audience import fields, imports
from posthouse.audience import services as audience
from posthouse.audience.models import Import, Subscriber
from posthouse.campaigns import services as campaigns
from posthouse.campaigns.models import Campaign
from posthouse.deliveries.fan_out import fan_out_next
from posthouse.deliveries.models import Delivery
from posthouse.webhooks import services as webhooks
from tests import factories
from tests.campaigns import make_draft
from tests.sending import Sending, make_sending

CSV = b"email,first_name\nanna@example.org,Anna\nnobody,Ben\n"


class UnknownParameter(Exception):
    """An address has a parameter that this module makes no row for."""

    def __init__(self, parameter: str, address: str) -> None:
        super().__init__(
            f"The address {address} has the parameter {parameter!r}, but tests/rows.py makes no "
            "row for it: add one to rows_of(), so that strangers are tried at it."
        )


def rows_of(account: Account) -> dict[str, str]:
    """Public ids of rows of the account, by parameter; they fit together (a list's subscriber)."""
    member = factories.make_member(account)
    factories.make_api_key(account)
    with access.tenant(account):
        sending = make_sending(account, members=2)
        campaign = _sent(sending)
        subscriber = Subscriber.objects.filter(memberships__list=sending.list).latest("pk")
        delivery = Delivery.objects.filter(dispatch=campaign.dispatch).latest("pk")
        suppression, _ = audience.suppress(
            SYSTEM, account, address=f"gone-{account.pk}@example.org"
        )
        return {
            "member": member.public_id,
            "key": ApiKey.objects.get(account=account).public_id,
            "domain": sending.domain.public_id,
            "list": sending.list.public_id,
            "subscriber": subscriber.public_id,
            "custom_field": fields.create_field(SYSTEM, account, label="Town").public_id,
            "suppression": suppression.public_id,
            "import_id": _imported(account, sending).public_id,
            "campaign": campaign.public_id,
            "delivery": f"dlv_{delivery.pk:x}",
            **_told(account),
        }


def missing_like(public_id: str) -> str:
    """An id of the same form that no row has."""
    prefix, _, rest = public_id.partition("_")
    if re.fullmatch("[0-9a-f]+", rest) and prefix == "dlv":
        return f"dlv_{secrets.randbits(40):x}"
    return new_public_id(prefix)


def filled(address: str, values: Mapping[str, str]) -> str:
    """The address with its parameters, ``<str:list>`` or ``{list}``, replaced by values."""

    def value(found: re.Match[str]) -> str:
        parameter = found[1]
        if parameter not in values:
            raise UnknownParameter(parameter, address)
        return values[parameter]

    return re.sub(r"[<{](?:\w+:)?(\w+)[>}]", value, address)


def parameters_of(address: str) -> list[str]:
    """The names of an address's parameters, but for the account's."""
    return [name for name in re.findall(r"[<{](?:\w+:)?(\w+)[>}]", address) if name != "slug"]


def _imported(account: Account, sending: Sending) -> Import:
    """An import that is done, with a rejected row."""
    row = imports.take_in(SYSTEM, account, "people.csv", [CSV], into=sending.list)
    imports.run_next()
    return row


def _sent(sending: Sending) -> Campaign:
    campaign = make_draft(sending)
    campaigns.send_now(SYSTEM, campaign)
    while fan_out_next():
        pass
    return Campaign.objects.select_related("dispatch").get(pk=campaign.pk)


def _told(account: Account) -> dict[str, str]:
    """A webhook and a call of it."""
    webhook, _ = webhooks.create(
        SYSTEM, account, url="https://hooks.example.com/", kinds=["domain.status"]
    )
    call = webhooks.send_test(SYSTEM, webhook)
    return {"webhook": webhook.public_id, "call": call.public_id}


def owner_of(account: Account) -> User:
    """Somebody who may do everything in the account."""
    return factories.make_member(account)
