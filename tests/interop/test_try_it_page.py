"""The Web Push tab of the try-it page, in a Firefox whose push service is the Herald that serves the page."""

import json
import subprocess

import clients
from firefox import Firefox
from wire import Wire


def wait_until(tab, expression, seconds=60):
    return tab.js(f"""new Promise((done, fail) => {{
      const started = Date.now();
      (function look() {{
        const value = {expression};
        if (value) done(value);
        else if (Date.now() - started > {seconds * 1000}) fail(new Error('never true; the page says: ' + document.body.innerText));
        else setTimeout(look, 20);
      }})();
    }})""")


def newest(tab, count):
    """The text of the newest push once there are `count`."""
    wait_until(tab, f"document.querySelectorAll('#wp-list li').length === {count}")
    return tab.js("document.querySelector('#wp-list .body').textContent")


def test_the_page_subscribes_sends_and_receives(plain_server, tmp_path):
    with Wire(plain_server.url) as wire, Firefox(tmp_path / "profile", f"ws://127.0.0.1:{wire.port}/") as firefox:
        wire.wait_for_text(b'"hello"')
        tab = firefox.open(plain_server.url + "/#webpush")
        tab.js("document.querySelector('#wp-subscribe').click()")
        assert "through Herald" in wait_until(tab, "document.querySelector('#wp-state').dataset.state === 'ready' &&"
                                                   " document.querySelector('#wp-state-text').textContent")
        assert "this Herald" in tab.js("document.querySelector('#wp-whose').textContent")
        assert tab.js("document.querySelector('#wp-preferences').textContent").startswith(
            f"dom.push.serverURL = {plain_server.ws}")

        tab.js("document.querySelector('#wp-message').value = 'Grüße ✓';"
               "document.querySelector('#wp-send').requestSubmit()")
        assert newest(tab, 1) == "Grüße ✓"
        assert "Accepted" in wait_until(tab, "document.querySelector('#wp-send-result').textContent")

        curl = tab.js("document.querySelector('#wp-curl').textContent")
        ran = subprocess.run(["bash", "-c", curl + " -sS -o /dev/null -w '%{http_code}'"], capture_output=True, text=True)
        assert ran.stdout == "201", ran
        assert newest(tab, 2) == "(no payload)"

        subscription = json.loads(tab.js("document.querySelector('#wp-subscription').textContent"))
        signing = json.loads(tab.js("localStorage.getItem('herald.vapid')"))
        tab.js("document.querySelector('#wp-unsubscribe').click()")
        wait_until(tab, "document.querySelector('#wp-state-text').textContent === 'Not subscribed'")
        refused = clients.web_push().send(subscription, "too late", {
            "publicKey": tab.js("import('/push-crypto.js').then((m) => m.toBase64url(m.publicPoint("
                                "JSON.parse(localStorage.getItem('herald.vapid')))))"),
            "privateKey": signing["privateJwk"]["d"],
        })
        assert refused["status"] == 410, refused
