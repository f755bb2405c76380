"""What can go wrong while publishing. Every message says what happened and what to do; the command line prints it."""

from collections.abc import Mapping


class PublisherError(Exception):
    """Base of all: publishing did not succeed and the release that was live stays live."""


class SettingsError(PublisherError):
    """A setting from the environment is wrong; the message names it and the remedy."""


class FeedError(PublisherError):
    """The feed cannot be read now (down, cut off, not a feed). Trying again may help."""


class FeedRefusedError(FeedError):
    """The feed refuses the token. Trying again does not help."""


class WrongFeedError(FeedError):
    """The feed ends before the position of the replica: it is another ledger than the one the site was made from."""


class FileUnavailableError(PublisherError):
    """Bytes of an attachment or picture could not be had, or are not those the snapshot speaks of."""


class BuildError(PublisherError):
    """A release could not be made: broken template, dead link, full disk."""


class DamagedReleaseError(BuildError):
    """Something of the newest release is missing on the disk; a whole build makes it again."""


class ItemsFailedError(BuildError):
    """The pages of some items cannot be rendered, those of others can. `reasons` tells for each id why."""

    def __init__(self, reasons: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{item}: {reason}" for item, reason in reasons.items()))
        self.reasons = dict(reasons)


class OtherVersionError(PublisherError):
    """The replica is of another version of the publisher, or not there yet: one that follows the feed fills it anew."""


class LockedError(PublisherError):
    """Another publisher works on the same site directory."""


class NoSuchReleaseError(PublisherError):
    """There is no such release to go back to."""
