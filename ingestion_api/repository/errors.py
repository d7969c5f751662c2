"""The errors of a repository; each message is one sentence for the person who submitted the job."""


class RepositoryError(Exception):
    """A repository that was not ingested."""


class RepositoryUrlRefused(RepositoryError, ValueError):
    """The URL, or an address or redirect behind it, breaks the rules; a retry changes nothing."""


class RepositoryNotCloned(RepositoryError):
    """The host responded without a repository that can be cloned; a retry changes nothing."""


class RepositoryHeadMissing(RepositoryNotCloned):
    """The repository has branches, but its HEAD names none of them."""


class RepositoryEmpty(RepositoryNotCloned):
    """The repository has no commit any more, although files of it were ingested before."""


class RepositoryUnreadable(RepositoryError):
    """The repository arrived, but git cannot read all of it; a retry changes nothing."""


class RepositoryTooLarge(RepositoryError):
    """Cloning exceeded a limit on time, memory, bytes or files."""


class RepositoryUnreachable(RepositoryError):
    """The host was unreachable or failed half way; a later retry may succeed."""


class CloningUnavailable(RepositoryError):
    """This machine cannot clone now, whatever the repository; a later retry may succeed."""
