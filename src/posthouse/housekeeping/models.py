"""Who does the periodic work: one leader at a time, by lease."""

from django.db import models


class Lease(models.Model):
    """A right that one process holds until a moment, and may renew."""

    name = models.CharField(max_length=40, primary_key=True)
    owner = models.CharField(max_length=100)
    until = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name}: {self.owner}"
