"""The try-it page in a real browser: becomes a device, shows notifications and their receipts, by mouse and by keyboard."""

import asyncio
import http.server
import os
import pathlib
import re
import threading

import pytest

import herald
from browser import Page
from herald import get

pytestmark = pytest.mark.browser

READY = "document.querySelector('#state').dataset.state === 'ready'"


def keep(name, folder):
    """Where a screenshot goes: HERALD_SCREENSHOTS names a folder for those who want to look at it."""
    return pathlib.Path(os.environ.get("HERALD_SCREENSHOTS", folder)) / f"{name}.png"


async def test_the_page_becomes_a_device(plain_server, tmp_path):
    async with Page(plain_server.url + "/", tmp_path) as page:
        await page.until(READY)
        url = await page.js("document.querySelector('#url').textContent")
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/notify/[0-9a-f]{64}", url)
        curl = await page.js("document.querySelector('#curl').textContent")
        assert curl.startswith("curl ") and url in curl
        herald.notify(url, "From the outside", id="o1")
        await page.until("document.querySelectorAll('#list li').length === 1")
        assert await page.js("document.querySelector('#list .body').textContent") == "From the outside"
        await page.until("document.querySelector('#list .receipt').dataset.state === 'acked'")

        await page.js("document.querySelector('#message').value = 'From the form'; document.querySelector('#send').requestSubmit()")
        await page.until("document.querySelectorAll('#list li').length === 2")
        assert "Accepted" in await page.until("document.querySelector('#send-result').textContent")

        await page.js("document.querySelector('#toggle').click()")
        await page.until("document.querySelector('#state').dataset.state === 'asleep'")
        herald.notify(url, "While asleep")
        await page.js("document.querySelector('#toggle').click()")
        await page.until("document.querySelectorAll('#list li').length === 3")
        await page.until("document.querySelectorAll('#list .receipt[data-state=acked]').length === 3")
        picture = keep("page-desktop", tmp_path)
        await page.screenshot(picture)
        assert picture.stat().st_size > 10000
        assert [entry for entry in page.console if entry["level"] == "error"] == []


async def test_the_pasted_curl_line_works(plain_server, tmp_path):
    import subprocess

    async with Page(plain_server.url + "/", tmp_path) as page:
        await page.until(READY)
        curl = await page.js("document.querySelector('#curl').textContent")
        ran = subprocess.run(["bash", "-c", curl], capture_output=True, text=True)
        assert ran.returncode == 0 and "ACCEPTED" in ran.stdout, ran
        await page.until("document.querySelectorAll('#list li').length === 1")


async def test_on_a_phone_nothing_is_cut_off(plain_server, tmp_path):
    async with Page(plain_server.url + "/", tmp_path, 375, 740) as page:
        await page.until(READY)
        herald.notify(await page.js("document.querySelector('#url').textContent"), "A longer text " * 20)
        await page.until("document.querySelectorAll('#list li').length === 1")
        assert await page.js("document.documentElement.scrollWidth <= innerWidth")
        await page.screenshot(keep("page-phone", tmp_path))


async def test_by_keyboard_and_screen_reader(plain_server, tmp_path):
    async with Page(plain_server.url + "/", tmp_path) as page:
        await page.until(READY)
        reached = []
        for _ in range(16):
            await page.key("Tab")
            reached.append(await page.js("document.activeElement.id || document.activeElement.textContent.trim()"))
        for wanted in ["url", "message", "id", "priority", "ttl", "toggle", "forget", "Send notification"]:
            assert wanted in reached, f"{wanted} is not reached by Tab: {reached}"
        unnamed = await page.js(
            "[...document.querySelectorAll('button, input, select, textarea, a')].filter(e =>"
            " !e.closest('template') && !(e.labels?.length || e.textContent.trim() || e.getAttribute('aria-label'))).length")
        assert unnamed == 0
        assert await page.js("document.querySelector('#list').getAttribute('aria-live')") == "polite"
        assert await page.js("document.documentElement.lang") == "en"
        assert await page.js("document.querySelectorAll('h1').length") == 1
        await page.js("document.querySelector('#message').focus()")
        await page.js("document.querySelector('button[type=submit]').focus()")
        await page.key("Enter", text="\r")
        await page.until("document.querySelectorAll('#list li').length === 1")


async def test_a_page_that_was_taken_over_says_so_and_stays_away(plain_server, tmp_path):
    async with Page(plain_server.url + "/", tmp_path) as page:
        await page.until(READY)
        token = await page.js("localStorage.getItem('herald.uatoken')")
        async with herald.Device(plain_server, token) as other:
            await page.until("document.querySelector('#state').dataset.state === 'failed'")
            assert "took over" in await page.js("document.querySelector('#state-text').textContent")
            await other.nothing(1.5)  # the page did not take it back
            await page.js("document.querySelector('#toggle').click()")
            await page.until(READY)


async def test_the_page_comes_back_after_kill_9(own_server, tmp_path):
    server = own_server()
    async with Page(server.url + "/", tmp_path) as page:
        await page.until(READY)
        url = await page.js("document.querySelector('#url').textContent")
        server.restart()
        herald.notify(url, "after the crash")
        await page.until("document.querySelectorAll('#list li').length === 1")


def test_policy_and_no_outside_resources(plain_server):
    answer = get(plain_server.url + "/")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "http" not in policy.replace("https:", "")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', answer.text)
    for resource in re.findall(r'(?:src|href)="([^"#]+)"', answer.text):
        assert get(f"{plain_server.url}/{resource}").status == 200, resource


async def test_a_browser_that_can_not_subscribe_is_told_why(plain_server, tmp_path):
    async with Page(plain_server.url + "/#webpush", tmp_path, 375, 740) as page:
        await page.until("document.querySelector('#wp-state').dataset.state !== 'starting'")
        assert await page.js("document.querySelector('#panel-device').hidden")
        # Headless Chromium refuses notifications.
        await page.js("document.querySelector('#wp-subscribe').click()")
        said = await page.until("document.querySelector('#wp-whose').textContent")
        assert "refuses notifications" in said and "settings" in said
        assert await page.js("document.querySelector('#wp-send-card').hidden")
        assert await page.js("document.documentElement.scrollWidth <= innerWidth")
        await page.screenshot(keep("webpush-phone", tmp_path))


async def test_the_tabs_follow_the_arrow_keys(plain_server, tmp_path):
    async with Page(plain_server.url + "/", tmp_path) as page:
        await page.until(READY)
        await page.js("document.querySelector('#tab-device').focus()")
        await page.key("ArrowRight")
        assert await page.js("document.activeElement.id") == "tab-webpush"
        assert await page.js("document.querySelector('#panel-device').hidden && !document.querySelector('#panel-webpush').hidden")
        await page.key("ArrowLeft")
        assert await page.js("document.activeElement.id") == "tab-device"
        assert await page.js("!document.querySelector('#panel-device').hidden && document.querySelector('#panel-webpush').hidden")


async def test_on_a_phone_what_arrives_below_the_fold_is_told(plain_server, tmp_path):
    async with Page(plain_server.url + "/", tmp_path, 390, 844) as page:
        await page.until(READY)
        title = await page.js("document.title")
        url = await page.js("document.querySelector('#url').textContent")
        assert await page.js("document.querySelector('#toast').hidden")
        herald.notify(url, "Below the fold")
        await page.until("!document.querySelector('#toast').hidden")
        assert "Below the fold" in await page.js("document.querySelector('#toast').textContent")
        assert await page.js("document.title") == "(1) " + title
        await page.screenshot(keep("page-phone-toast", tmp_path), whole=False)
        herald.notify(url, "And another")
        await page.until("document.querySelector('#unseen').textContent === '2 new'")
        await page.until("document.querySelector('#toast-count').textContent === '2 new notifications'")
        assert await page.js("document.documentElement.scrollWidth <= innerWidth")
        await page.js("document.querySelector('#toast-show').click()")
        await page.until(f"document.title === {title!r}")
        assert await page.js("document.querySelector('#toast').hidden && document.querySelector('#unseen').hidden")
        assert await page.js("document.activeElement.id") == "feed-title"
        await page.screenshot(keep("page-phone-list", tmp_path), whole=False)


async def test_on_a_desktop_what_is_in_view_is_not_told_twice(plain_server, tmp_path):
    async with Page(plain_server.url + "/", tmp_path) as page:
        await page.until(READY)
        title = await page.js("document.title")
        herald.notify(await page.js("document.querySelector('#url').textContent"), "In view")
        await page.until("document.querySelectorAll('#list li').length === 1")
        await page.until(f"document.title === {title!r} && document.querySelector('#unseen').hidden")
        assert await page.js("document.querySelector('#toast').hidden")
        # On another tab of the page it is out of view.
        url = await page.js("document.querySelector('#url').textContent")
        await page.js("document.querySelector('#tab-webpush').click()")
        herald.notify(url, "Elsewhere")
        await page.until("!document.querySelector('#toast').hidden")
        await page.js("document.querySelector('#tab-device').click()")
        await page.until(f"document.title === {title!r} && document.querySelector('#toast').hidden")


async def reload(page):
    await page.js("window.before = true")
    await page.call("Page.reload")
    await page.until(f"!window.before && document.readyState === 'complete' && {READY}")


async def test_a_reload_keeps_the_list(plain_server, tmp_path):
    async with Page(plain_server.url + "/", tmp_path) as page:
        await page.until(READY)
        url = await page.js("document.querySelector('#url').textContent")
        for n in range(3):
            herald.notify(url, f"kept {n}", id=f"k{n}")
        await page.until("document.querySelectorAll('#list .receipt[data-state=acked]').length === 3")
        await reload(page)
        shown = await page.js("[...document.querySelectorAll('#list .body')].map(e => e.textContent).join()")
        assert shown == "kept 2,kept 1,kept 0"
        assert await page.js("document.querySelectorAll('#list .receipt[data-state=acked]').length") == 3
        assert await page.js("document.querySelector('#received').textContent") == "3"
        assert await page.js("document.querySelector('#unseen').hidden && document.querySelector('#toast').hidden")
        herald.notify(url, "after")
        await page.until("document.querySelectorAll('#list li').length === 4")
        await page.js("document.querySelector('#clear').click()")
        await reload(page)
        assert await page.js("document.querySelectorAll('#list li').length") == 0
        assert await page.js("!document.querySelector('#empty').hidden")


async def test_the_kept_list_is_bounded(plain_server, tmp_path):
    fill = ("import('./inbox.js').then(({{ Inbox }}) => {{ const box = new Inbox({{ name: 'list', tab: 'tab-device', make: () => "
            "document.querySelector('#push').content.firstElementChild.cloneNode(true) }});"
            " for (let n = 0; n < {count}; ++n) box.add({{ at: new Date().toISOString(), text: n + 'x'.repeat({size}) }});"
            " return [box.entries.length, localStorage.getItem('herald.inbox.list').length,"
            " JSON.parse(localStorage.getItem('herald.inbox.list')).length, JSON.parse(localStorage.getItem('herald.inbox.list'))[0].text.slice(0, 3)]; }})")
    async with Page(plain_server.url + "/", tmp_path) as page:
        await page.until(READY)
        assert await page.js(fill.format(count=250, size=1)) == [200, await page.js("localStorage.getItem('herald.inbox.list').length"), 50, "249"]
        shown, characters, kept, newest = await page.js(fill.format(count=60, size=4000))
        assert characters <= 100000 and 20 <= kept <= 25 and newest == "59x"
        await page.js("localStorage.setItem('herald.inbox.list', 'not JSON')")
        await reload(page)
        assert await page.js("document.querySelectorAll('#list li').length") == 0


async def test_an_error_of_an_outage_does_not_outlive_it(own_server, tmp_path):
    server = own_server()
    async with Page(server.url + "/", tmp_path) as page:
        await page.until(READY)
        server.kill()
        await page.until("document.querySelector('#state').dataset.state !== 'ready'")
        await page.js("document.querySelector('#send').requestSubmit()")
        await page.until("document.querySelector('#send-result').textContent.includes('did not answer')")
        server.start()
        await page.until(READY)
        assert await page.js("document.querySelector('#send-result').textContent") == ""


async def test_without_scripts_the_page_says_so(plain_server, tmp_path):
    async with Page("about:blank", tmp_path, 390, 844) as page:
        await page.call("Emulation.setScriptExecutionDisabled", value=True)
        await page.call("Page.navigate", url=plain_server.url + "/")
        shown = ""
        for _ in range(600):
            answer = await page.call("DOM.getDocument", depth=-1)
            texts = await page.call("DOMSnapshot.captureSnapshot", computedStyles=[])
            strings = texts["strings"]
            shown = " ".join(strings[n] for document in texts["documents"] for n in document["layout"]["text"] if n >= 0)
            if "JavaScript" in shown:
                break
        assert answer and "needs JavaScript" in shown and "herald listen" in shown
        assert "Starting" not in shown and "Copy" not in shown, shown
        await page.screenshot(keep("page-phone-no-scripts", tmp_path))


async def test_links_to_json_are_shown_for_people(plain_server, tmp_path):
    async with Page(plain_server.url + "/", tmp_path, 390, 844) as page:
        await page.until(READY)
        for link, wanted in {"status": "uptime", "about": "version"}.items():
            await page.js(f"document.querySelector('footer a[href={link}]').click()")
            await page.until("document.querySelector('#view').open && !!document.querySelector('#view dt')")
            assert wanted in await page.js("document.querySelector('#view-body').textContent")
            assert "{" not in await page.js("document.querySelector('#view-body').textContent")
            assert (await page.js("document.querySelector('#view-raw').href")).endswith("/" + link)
            assert await page.js("document.documentElement.scrollWidth <= innerWidth")
            await page.screenshot(keep(f"page-phone-{link}", tmp_path), whole=False)
            await page.js("document.querySelector('#view-close').click()")
        herald.notify(await page.js("document.querySelector('#url').textContent"), "m", id="seen-1")
        await page.until("document.querySelector('#list .receipt')?.dataset.state === 'acked'")
        await page.js("document.querySelector('#list .receipt').click()")
        await page.until("!!document.querySelector('#view table')")
        said = await page.js("document.querySelector('#view-body').textContent")
        assert "seen-1" in said and "acked" in said and "{" not in said
        await page.screenshot(keep("page-phone-receipt", tmp_path), whole=False)
        assert await page.js("location.pathname") == "/" and await page.js(READY), "the page stays, and its connection"


# What WCAG 2.2 asks: 4.5:1 for text and placeholders (1.4.3), 3:1 for what a control is recognised by (1.4.11).
CONTRASTS = """(() => {
  const parse = (text) => { const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number); return { r, g, b, a }; };
  const light = (c) => { const [r, g, b] = [c.r, c.g, c.b].map((v) => { const s = v / 255; return s <= .04045 ? s / 12.92 : ((s + .055) / 1.055) ** 2.4; });
    return .2126 * r + .7152 * g + .0722 * b; };
  const contrast = (a, b) => { const [hi, lo] = [light(a), light(b)].sort((x, y) => y - x); return (hi + .05) / (lo + .05); };
  const behind = (e) => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c.a > 0) return c; } return parse('255 255 255'); };
  const bad = [];
  const check = (what, e, fore, back, least) => { const got = contrast(parse(fore), back); if (got < least) bad.push(`${what} ${e.tagName}#${e.id}.${e.className}: ${got.toFixed(2)}`); };
  let seen = 0;
  for (const e of document.querySelectorAll('body *')) {
    if (!e.checkVisibility() || e.closest('template') || e.disabled) continue;
    const style = getComputedStyle(e);
    if ([...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim())) { check('text', e, style.color, behind(e), 4.5); ++seen; }
    if (e.placeholder) check('placeholder', e, getComputedStyle(e, '::placeholder').color, behind(e), 4.5);
    if (e.matches('.dot')) check('dot', e, style.backgroundColor, behind(e.parentElement), 3);
    if (parseFloat(style.borderTopWidth) > 0 && style.borderTopStyle !== 'none') check('border', e, style.borderTopColor, behind(e.parentElement), 3);
  }
  return { bad, seen };
})()"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_contrast(plain_server, tmp_path, scheme):
    async with Page(plain_server.url + "/", tmp_path) as page:
        await page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        await page.until(READY)
        herald.notify(await page.js("document.querySelector('#url').textContent"), "Contrast")
        await page.until("document.querySelector('#list .receipt')?.dataset.state === 'acked'")
        await page.js("document.querySelector('#send-result').dataset.bad = ''; document.querySelector('#send-result').textContent = 'Refused'")
        await page.js("document.querySelector('#toast').hidden = false; document.querySelector('#toast-text').textContent = 'x';"
                      " document.querySelector('#unseen').hidden = false; document.querySelector('#unseen').textContent = '1 new'")
        # Not while it moves in.
        await page.until("document.getAnimations().every(a => a.playState === 'finished')")
        for tab in ["webpush", "device"]:
            await page.js(f"document.querySelector('#tab-{tab}').click()")
            found = await page.js(CONTRASTS)
            assert found["seen"] > 20 and found["bad"] == [], found
        await page.screenshot(keep(f"page-desktop-{scheme}", tmp_path))
        await page.js("document.querySelector('footer a').click()")
        await page.until("!!document.querySelector('#view dt')")
        assert (await page.js(CONTRASTS))["bad"] == []
        await page.screenshot(keep(f"page-status-{scheme}", tmp_path), whole=False)


class PrefixProxy(http.server.ThreadingHTTPServer):
    """Maps /push/ to a Herald's root, as nginx does with `location /push/ { proxy_pass http://herald/; }`. HTTP only."""

    daemon_threads = True


async def test_behind_a_proxy_that_maps_a_prefix(own_server, tmp_path):
    server = own_server()

    class Mapped(http.server.BaseHTTPRequestHandler):
        asked = []

        def do_GET(self):
            self.asked.append(self.path)
            if not self.path.startswith("/push/") or self.headers.get("Upgrade"):
                return self.send_error(404)
            answer = get(server.url + self.path.removeprefix("/push"))
            self.send_response(answer.status)
            for name in ("Content-Type", "Content-Security-Policy"):
                if name in answer.headers:
                    self.send_header(name, answer.headers[name])
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, *_):
            pass

    proxy = PrefixProxy(("127.0.0.1", 0), Mapped)
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    try:
        async with Page(f"http://127.0.0.1:{proxy.server_address[1]}/push/", tmp_path) as page:
            at = f"ws://127.0.0.1:{proxy.server_address[1]}/push/"
            await page.until("document.querySelector('#wp-preferences').textContent.includes('serverURL')")
            assert at in await page.js("document.querySelector('#wp-preferences').textContent")
            for _ in range(1200):
                if Mapped.asked.count("/push/") >= 2:
                    break
                await asyncio.sleep(0.05)
            assert Mapped.asked.count("/push/") >= 2, "the page, then its WebSocket"
            assert "/" not in Mapped.asked and "/push/token" in Mapped.asked
    finally:
        proxy.shutdown()
        proxy.server_close()
