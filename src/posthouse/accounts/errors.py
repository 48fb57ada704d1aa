"""What can go wrong with groups, accounts and people, apart from a field that is not accepted."""

from collections.abc import Sequence


class AccountsRefused(Exception):
    """Base of what is refused here; the text says what, why and what to do."""


class GroupInUse(AccountsRefused):
    """A group cannot be deleted while accounts are in it."""

    def __init__(self, group: str, accounts: Sequence[str]) -> None:
        count, named = len(accounts), ", ".join(accounts[:5])
        more = f" and {count - 5} more" if count > 5 else ""
        noun = "account is" if count == 1 else "accounts are"
        super().__init__(
            f"{group} cannot be deleted: {count} {noun} in it ({named}{more}). "
            "Move them to another group first."
        )
        self.group, self.accounts = group, tuple(accounts)


class EditedMeanwhile(AccountsRefused):
    """Somebody else saved other values since these were shown: nobody's work is overwritten."""

    def __init__(self, row: str, who: str, changes: Sequence[str]) -> None:
        super().__init__(
            f"{who or 'Somebody else'} changed {row} since this page was opened, so nothing of "
            f"yours was saved: {'; '.join(changes)}. Save again to put your values in their place."
        )
        self.row, self.who, self.changes = row, who, tuple(changes)


class LastOwner(AccountsRefused):
    """An account without an owner could not be managed by anybody in it."""

    def __init__(self, person: str, account: str) -> None:
        super().__init__(
            f"{person} is the last owner of {account}. Make somebody else an owner first."
        )
        self.person, self.account = person, account


class LastOperator(AccountsRefused):
    """An installation without an operator could not be managed by anybody."""

    def __init__(self, person: str) -> None:
        super().__init__(
            f"{person} is the last operator who can sign in. Make somebody else an operator first."
        )
        self.person = person
