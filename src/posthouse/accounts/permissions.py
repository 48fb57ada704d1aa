"""Who may do what in an account: one table of roles, asked by pages, API and services alike."""

from posthouse.accounts.actors import Actor
from posthouse.accounts.models import Role

_RANK = {Role.VIEWER: 0, Role.MANAGER: 1, Role.OWNER: 2}
_NEEDS = {"view": Role.VIEWER, "edit": Role.MANAGER, "send": Role.MANAGER, "own": Role.OWNER}
_RUNS_THE_INSTALLATION = frozenset({"operator", "system"})


class NotAllowed(Exception):
    """The actor's role does not reach; the text says which role would."""

    def __init__(self, actor: Actor, permission: str) -> None:
        needed = _NEEDS[permission].label if permission in _NEEDS else "Operator"
        super().__init__(f"{actor.name} may not do this: the role {needed} is needed.")
        self.actor, self.permission = actor, permission


def may(actor: Actor, permission: str) -> bool:
    """Does the actor's role reach this permission (view, edit, send, own)?"""
    return actor.role is not None and _RANK[actor.role] >= _RANK[_NEEDS[permission]]


def demand(actor: Actor, permission: str) -> None:
    """Raises :class:`NotAllowed` unless :func:`may`."""
    if not may(actor, permission):
        raise NotAllowed(actor, permission)


def demand_operator(actor: Actor) -> None:
    """Raises :class:`NotAllowed` for everybody but operators and the installation itself."""
    if actor.kind not in _RUNS_THE_INSTALLATION:
        raise NotAllowed(actor, "operate")
