"""What went wrong while the shards of a release were made, taken together."""

from collections import Counter

from publisher.errors import BuildError, ItemsFailedError
from publisher.rendering import ShardOfPages

# Dead links named in a message.
SHOWN = 5


class Failures:
    """Items and templates that failed, and dead links."""

    def __init__(self) -> None:
        self._failed: dict[str, tuple[str, str]] = {}
        self._tried: Counter[str] = Counter()
        self._dead: list[str] = []

    def add(self, shard: ShardOfPages) -> None:
        """Take in one shard."""
        self._failed |= shard.failed
        self._tried.update(shard.tried)
        self._dead += shard.dead_links

    def raise_it(self) -> None:
        """Raise what there is. A template that fails for all of several items is at fault itself, and no reason to
        empty the site."""
        by_template = Counter(template for template, _ in self._failed.values())
        for template, failures in by_template.items():
            if failures > 1 and failures == self._tried[template]:
                reason = next(why for name, why in self._failed.values() if name == template)
                raise BuildError(f"the template {template} fails for every item: {reason}")
        if self._failed:
            raise ItemsFailedError({id_: reason for id_, (_, reason) in self._failed.items()})
        if self._dead:
            raise BuildError(f"{len(self._dead)} dead links: " + "; ".join(sorted(self._dead)[:SHOWN]))
