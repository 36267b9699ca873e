"""The try-it page in a real browser: becomes a device, shows notifications and their receipts, by mouse and by keyboard."""

import os
import pathlib
import re

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
