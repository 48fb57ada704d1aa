"""What an account has of its own, and else from its group (limits stand in ``limits``)."""

from posthouse.accounts.models import Account


def campaign_dns_template(account: Account) -> str:
    """The name of the DNS template of its sender domains."""
    return account.campaign_dns_template or account.group.campaign_dns_template


def sender_domains_limit(account: Account) -> int:
    """How many sender domains it may have; 0 is unlimited."""
    own = account.sender_domains_limit
    return account.group.sender_domains_limit if own is None else own
