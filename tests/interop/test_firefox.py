"""Debian's Firefox, unmodified, with Herald as its push service: from a page's subscribe() to its service worker."""

import pytest

import authority
import clients
import herald
from firefox import Firefox, Site
from wire import Wire


class Push:
    """A site, and a Firefox that reaches the server over a wire; the site's server sends with web-push."""

    def __init__(self, server, wire, site, profile, vapid):
        self.server, self.wire, self.site, self.profile, self.vapid = server, wire, site, profile, vapid
        self.sender = clients.web_push(getattr(server, "ca_file", None))

    def firefox(self):
        scheme = self.server.ws.split(":")[0]
        return Firefox(self.profile, f"{scheme}://127.0.0.1:{self.wire.port}/")

    def subscribe(self, tab):
        # Firefox gives up a subscription asked for before the server's hello; encrypted, it cannot be seen on the wire.
        if self.server.ws.startswith("ws:"):
            self.wire.wait_for_text(b'"hello"')
        return tab.js(f"subscribe('{self.vapid['publicKey']}')")

    def send(self, subscription, text, **options):
        answer = self.sender.send(subscription, text, self.vapid, **options)
        assert answer["status"] == 201, answer


@pytest.fixture
def push(tmp_path, vapid):
    """Push on a server of its own, for tests that kill it or leave things behind."""
    with herald.Server(tmp_path / "server") as server, Wire(server.url) as wire, Site() as site:
        yield Push(server, wire, site, tmp_path / "profile", vapid)


def test_the_worker_gets_the_text_until_it_unsubscribes(push):
    with push.firefox() as firefox:
        tab = firefox.open(push.site.url)
        subscription = push.subscribe(tab)
        assert subscription["endpoint"].startswith(push.server.url + "/wpush/")

        push.send(subscription, "Grüße an die Seite ✓")
        assert tab.next_message() == "Grüße an die Seite ✓"
        assert push.site.next_report() == "Grüße an die Seite ✓"
        push.send(subscription, "as it was in 2016", contentEncoding="aesgcm")
        assert tab.next_message() == "as it was in 2016"
        assert push.site.next_report() == "as it was in 2016"
        push.send(subscription, None)
        assert push.site.next_report() is None

        tab.close()
        push.send(subscription, "no page is open")
        assert push.site.next_report() == "no page is open"

        tab = firefox.open(push.site.url)
        assert tab.js("subscription()") == subscription
        assert tab.js("unsubscribe()") is True
        answer = push.sender.send(subscription, "too late", push.vapid)
        assert answer["status"] == 410, answer


def test_over_tls_with_a_private_authority(tls_server, tmp_path, vapid, private_authority):
    profile = tmp_path / "profile"
    authority.trust(profile, private_authority.certificate)
    with Wire(tls_server.url) as wire, Site() as site:
        push = Push(tls_server, wire, site, profile, vapid)
        with push.firefox() as firefox:
            tab = firefox.open(site.url)
            subscription = push.subscribe(tab)
            assert subscription["endpoint"].startswith("https://")
            push.send(subscription, "encrypted twice")
            assert tab.next_message() == "encrypted twice"


def test_what_was_accepted_before_kill_9_arrives_after_the_reconnect(push):
    with push.firefox() as firefox:
        tab = firefox.open(push.site.url)
        subscription = push.subscribe(tab)
        push.wire.hold()
        push.send(subscription, "accepted, not delivered", TTL=600)
        push.wire.wait_for_held()
        push.server.kill()
        push.wire.release()
        push.server.start()
        assert push.site.next_report() == "accepted, not delivered"
        push.send(subscription, "the same subscription")
        assert push.site.next_report() == "the same subscription"


def test_a_firefox_restarted_on_its_profile_keeps_its_subscriptions(push):
    with push.firefox() as firefox:
        subscription = push.subscribe(firefox.open(push.site.url))
    push.send(subscription, "while Firefox was away", TTL=600)
    with push.firefox() as firefox:
        assert push.site.next_report() == "while Firefox was away"
        assert firefox.open(push.site.url).js("subscription()") == subscription
        push.send(subscription, "after the restart")
        assert push.site.next_report() == "after the restart"
