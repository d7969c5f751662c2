"""What can go wrong with a repository; every message is one sentence fit for the person who asked."""


class RepositoryError(Exception):
    """A repository that was not ingested."""


class RepositoryUrlRefused(RepositoryError, ValueError):
    """The URL, or an address or redirect behind it, breaks the rules; asking again changes nothing."""


class RepositoryNotCloned(RepositoryError):
    """The host answered, but with no repository that can be cloned; asking again changes nothing."""


class RepositoryHeadMissing(RepositoryNotCloned):
    """The repository has branches, but its HEAD names none of them, so that no commit is the newest."""


class RepositoryEmpty(RepositoryNotCloned):
    """The repository has no commit any more, although files of it were ingested before."""


class RepositoryUnreadable(RepositoryError):
    """The repository arrived, but git cannot read all of it; asking again changes nothing."""


class RepositoryTooLarge(RepositoryError):
    """Cloning went over a limit on time, memory, bytes or files."""


class RepositoryUnreachable(RepositoryError):
    """The host was not reached or failed half way; worth another try later."""


class CloningUnavailable(RepositoryError):
    """This machine cannot clone now, which says nothing of the repository; worth another try later."""
