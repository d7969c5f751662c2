"""Who signs whose session: each person's is bound to that person's token."""

from collections.abc import Sequence

from ingestion_api.access.identity import Identity
from ingestion_api.access.signing import Signer, bound_key


class SessionSigners:
    """The signers of one moment: one for those who have not signed in, one for each token of a person."""

    def __init__(self, key: bytes, people: Sequence[Identity], binding: bytes) -> None:
        self._key = key
        self._people = people
        self.anonymous = Signer(bound_key(key, binding))

    def signer(self, identity: Identity | None) -> Signer:
        """The signer of a session; None for one that has not signed in."""
        return self.anonymous if identity is None else Signer(bound_key(self._key, identity.binding))

    def named(self, name: str) -> Sequence[Identity]:
        """The identities with this name: more than one while a token is being replaced."""
        return [it for it in self._people if it.name == name]
