"""The table behind Django's database cache: what all web processes must know, such as throttles."""

from django.db import models


class CacheEntry(models.Model):
    """A row of the cache, in the shape that ``DatabaseCache`` reads; as a model it is migrated."""

    cache_key = models.CharField(primary_key=True, max_length=255)
    value = models.TextField()
    expires = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "http_cache"

    def __str__(self) -> str:
        return self.cache_key
