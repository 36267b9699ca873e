"""A wire between a user agent and the server that a test can hold: bytes to the user agent then wait, as on a network that
swallows them."""

import selectors
import socket
import threading
import urllib.parse

CHUNK = 65536


class Wire:
    """Listens on a loopback port and forwards each connection to the server at `url`. One thread moves all bytes."""

    def __init__(self, url):
        parts = urllib.parse.urlsplit(url)
        self.target = (parts.hostname, parts.port)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.wake_read, self.wake_write = socket.socketpair()
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.listener, selectors.EVENT_READ)
        self.selector.register(self.wake_read, selectors.EVENT_READ)
        self.holding = False
        self.ended = False
        self.peers = {}
        self.servers = set()
        self.seen = threading.Condition()
        self.from_server = b""
        self.held_bytes = 0
        self.thread = threading.Thread(target=self.run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended = True
        self.wake_write.send(b"x")
        self.thread.join()
        for connection in [*self.peers, self.listener, self.wake_read, self.wake_write]:
            connection.close()
        self.selector.close()

    def hold(self):
        """From now on what the server sends is read and dropped, until release()."""
        self.holding = True

    def release(self):
        self.holding = False

    def wait_for(self, condition, what, seconds):
        with self.seen:
            assert self.seen.wait_for(condition, seconds), f"did not happen in {seconds} s: {what}; last: {self.from_server[-300:]!r}"

    def wait_for_text(self, text, seconds=120):
        """Waits until the server has sent those bytes to a user agent (plain connections only); forgets what came before."""
        def found():
            return text in self.from_server

        self.wait_for(found, f"the server sends {text!r}", seconds)
        with self.seen:
            self.from_server = self.from_server.split(text, 1)[1]

    def wait_for_held(self, seconds=120):
        """Waits until something was swallowed."""
        self.wait_for(lambda: self.held_bytes > 0, "the server sends something into the held wire", seconds)

    def run(self):
        while not self.ended:
            for key, _ in self.selector.select():
                if key.fileobj is self.listener:
                    self.accept()
                elif key.fileobj is not self.wake_read and key.fileobj in self.peers:
                    self.forward(key.fileobj)

    def accept(self):
        user_agent, _ = self.listener.accept()
        try:
            server = socket.create_connection(self.target)
        except OSError:
            user_agent.close()
            return
        self.servers.add(server)
        self.peers.update({user_agent: server, server: user_agent})
        for connection in (user_agent, server):
            self.selector.register(connection, selectors.EVENT_READ)

    def forward(self, source):
        try:
            data = source.recv(CHUNK)
            if data and self.passes(source, data):
                self.peers[source].sendall(data)
        except OSError:
            data = b""
        if not data:
            self.end(source)

    def passes(self, source, data):
        if source not in self.servers:
            return True
        with self.seen:
            if self.holding:
                self.held_bytes += len(data)
            else:
                self.from_server = (self.from_server + data)[-4 * CHUNK:]
            self.seen.notify_all()
        return not self.holding

    def end(self, connection):
        for one in (connection, self.peers[connection]):
            self.selector.unregister(one)
            self.servers.discard(one)
            self.peers.pop(one)
            one.close()
