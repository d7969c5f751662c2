"""The exporter's own transactions, which are taken off what the server counts."""

from dataclasses import dataclass


@dataclass
class TransactionCounts:
    """The exporter's own transactions, as the server counts them."""

    commits: int = 0
    rollbacks: int = 0

    @property
    def total(self) -> int:
        """All transactions."""
        return self.commits + self.rollbacks
