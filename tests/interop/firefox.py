"""Debian's Firefox as an unmodified push client, and the web site it visits."""

import contextlib
import functools
import http.server
import json
import pathlib
import queue
import select
import subprocess
import threading

import clients

HERE = pathlib.Path(__file__).resolve().parent
START_SECONDS = 180
ANSWER_SECONDS = 120
NOWHERE_PORT = 9

# Nothing but loopback is reached: names do not resolve, and everything else goes to a proxy that is not there.
QUIET = {
    "network.dns.disabled": True,
    "network.proxy.type": 1,
    "network.proxy.http": "127.0.0.1",
    "network.proxy.http_port": NOWHERE_PORT,
    "network.proxy.ssl": "127.0.0.1",
    "network.proxy.ssl_port": NOWHERE_PORT,
}
PUSH = {"dom.push.connection.enabled": True, "permissions.default.desktop-notification": 1}


class Firefox:
    """One running Firefox whose push service is at `url` (ws:// or wss://). The profile outlives it."""

    def __init__(self, profile, url):
        self.profile = pathlib.Path(profile)
        self.profile.mkdir(parents=True, exist_ok=True)
        self.preferences = {**QUIET, **PUSH, "dom.push.serverURL": url}
        if url.startswith("ws:"):
            self.preferences["dom.push.testing.allowInsecureServerURL"] = True

    def __enter__(self):
        options = {"executablePath": clients.need("firefox-esr", "firefox-esr"), "profile": str(self.profile),
                   "preferences": self.preferences}
        self.process = subprocess.Popen(
            [clients.node_modules(), str(HERE / "firefox.js"), json.dumps(options)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=clients.node_environment(), text=True, bufsize=1)
        try:
            self.version = self.answer(START_SECONDS)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        with contextlib.suppress(AssertionError, OSError):
            self.ask("quit")
        self.stop()

    def stop(self):
        self.process.stdin.close()
        try:
            self.process.wait(ANSWER_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def answer(self, seconds):
        ready, _, _ = select.select([self.process.stdout], [], [], seconds)
        assert ready, f"Firefox gave no answer in {seconds} s"
        line = self.process.stdout.readline()
        assert line, "Firefox's driver ended"
        answer = json.loads(line)
        assert "error" not in answer, answer["error"]
        return answer["value"]

    def ask(self, action, **more):
        self.process.stdin.write(json.dumps({"do": action, **more}) + "\n")
        return self.answer(ANSWER_SECONDS)

    def open(self, url):
        return Tab(self, self.ask("open", url=url))


class Tab:
    def __init__(self, firefox, page):
        self.firefox, self.page = firefox, page

    def js(self, expression):
        """The value of that expression, awaited."""
        return self.firefox.ask("evaluate", page=self.page, expression=expression)

    def next_message(self):
        """Waits until the service worker told the page a text; returns the oldest not yet returned."""
        return self.js("new Promise((done) => { (function look() {"
                       " messages.length ? done(messages.shift()) : setTimeout(look, 20); })(); })")

    def close(self):
        self.firefox.ask("close", page=self.page)


class Site:
    """The web site of the folder site/, on an origin of its own; its worker reports each push to it."""

    def __init__(self):
        self.reports = queue.Queue()
        reports = self.reports

        class Handler(http.server.SimpleHTTPRequestHandler):
            def do_POST(self):
                reports.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        handler = functools.partial(Handler, directory=str(HERE / "site"))
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def next_report(self, seconds=120):
        """The next text that the worker got, in the order of arrival; None stands for a push without data."""
        try:
            return self.reports.get(timeout=seconds)
        except queue.Empty:
            raise AssertionError(f"the service worker reported nothing in {seconds} s") from None
