"""A TCP proxy that can fall silent: connections stay open, and nothing arrives any more on either side."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

CHUNK = 65_536


class TcpProxy:
    """Listens on a free port of its own and hands everything on to another one."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._silent: set[socket.socket] = set()
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._swallows_new = False

    def swallow(self, new: bool = False) -> int:
        """Let what is open now be silent for ever, as after a failover; `new` ones too until heal()."""
        with self._lock:
            self._silent |= self._open
            self._swallows_new = new
            return len(self._open) // 2

    def heal(self) -> None:
        """Let new connections through again."""
        with self._lock:
            self._swallows_new = False

    def serve(self) -> None:
        """Accept until closed."""
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                threading.Thread(target=self._relay, args=(near,), daemon=True).start()

    def close(self) -> None:
        """End all connections."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for it in self._open:
                with suppress(OSError):
                    it.shutdown(socket.SHUT_RDWR)

    def _relay(self, near: socket.socket) -> None:
        try:
            far = socket.create_connection(("127.0.0.1", self._target), timeout=5)
        except OSError:
            near.close()
            return
        far.settimeout(None)
        with self._lock:
            self._open |= {near, far}
            if self._swallows_new:
                self._silent |= {near, far}
        back = threading.Thread(target=self._pump, args=(far, near), daemon=True)
        back.start()
        self._pump(near, far)
        back.join()
        with self._lock:
            self._open -= {near, far}
            self._silent -= {near, far}
        near.close()
        far.close()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while chunk := source.recv(CHUNK):
                if source not in self._silent:
                    sink.sendall(chunk)
        # the other side of a silent connection never learns that this one has ended
        if source not in self._silent:
            with suppress(OSError):
                sink.shutdown(socket.SHUT_RDWR)


@contextmanager
def proxying(port: int) -> Iterator[TcpProxy]:
    """A proxy in front of a port of this machine."""
    proxy = TcpProxy(port)
    thread = threading.Thread(target=proxy.serve, name="tcp proxy", daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.close()
        thread.join(timeout=5)
