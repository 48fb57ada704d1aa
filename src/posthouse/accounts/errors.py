"""What can go wrong with groups, accounts and people, apart from a field that is not accepted."""


class AccountsRefused(Exception):
    """Base of what is refused here; the text says what, why and what to do."""


class GroupInUse(AccountsRefused):
    """A group cannot be deleted while accounts are in it."""

    def __init__(self, group: str, accounts: int) -> None:
        noun = "account is" if accounts == 1 else "accounts are"
        super().__init__(
            f"{group} cannot be deleted: {accounts} {noun} in it. Move them to another group first."
        )
        self.group, self.accounts = group, accounts


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
