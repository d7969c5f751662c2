"""Who a token stands for, and what that allows."""

import hashlib
import json
import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}")


class Role(StrEnum):
    """What somebody may do: each role of people includes those before it; the webhook's includes none."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"
    WEBHOOK = "webhook"

    def allows(self, needed: "Role") -> bool:
        """Whether this role suffices where `needed` is the least. Operators may call the webhook too."""
        if needed is Role.WEBHOOK:
            return self is not Role.VIEWER
        return self is not Role.WEBHOOK and _PEOPLE.index(self) >= _PEOPLE.index(needed)


_PEOPLE = (Role.VIEWER, Role.OPERATOR, Role.ADMIN)


@dataclass(frozen=True)
class Identity:
    """A name, its role, and the SHA-256 digest of one of its tokens."""

    name: str
    role: Role
    digest: bytes

    @property
    def is_person(self) -> bool:
        """Whether it may sign in."""
        return self.role is not Role.WEBHOOK

    @cached_property
    def binding(self) -> bytes:
        """A digest that changes with the name, the role or the token; its sessions are bound to it."""
        parts = json.dumps([self.name, self.role, self.digest.hex()])
        return hashlib.sha256(parts.encode()).digest()
