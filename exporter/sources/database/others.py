"""The share of others in a count of the server to which we ourselves add."""


class Others:
    """Counts what others have added since we began; it never falls.

    The server may show what was added late, ours or theirs, so a difference that shrinks is waited out.
    """

    def __init__(self) -> None:
        self._counted = 0.0  # of others, up to the last reset
        self._since = 0.0  # of others, since then
        self._base: float | None = None  # the server's count when we began, 0 after a reset
        self._own_base = 0
        self._last = 0.0
        self._own_last = 0
        self._reset = 0.0

    def of(self, total: float, own: int, reset: float) -> float:
        """What others have added, of the server's `total`; `own` is ours, `reset` when it last began at 0."""
        if self._base is None:
            self._base = total
        elif total < self._last or reset != self._reset:
            self._counted, self._since = self._counted + self._since, 0.0
            # what we added before the last look went with the reset
            self._base, self._own_base = 0.0, self._own_last
        self._last, self._own_last, self._reset = total, own, reset
        self._since = max(self._since, total - self._base - (own - self._own_base))
        return self._counted + self._since
