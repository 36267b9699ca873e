"""Headless Chromium through its DevTools protocol."""

import asyncio
import base64
import itertools
import json
import os
import pathlib
import re
import shutil
import subprocess

import websockets

CHROMIUM = shutil.which("chromium")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--hide-scrollbars",
         "--remote-debugging-port=0"]


class Page:
    """One tab. `async with Page.open(url, folder) as page`."""

    def __init__(self, url, folder, width=1280, height=900):
        self.url, self.folder, self.size = url, pathlib.Path(folder), (width, height)
        self.numbers = itertools.count(1)
        self.waiting = {}
        self.console = []

    async def __aenter__(self):
        assert CHROMIUM, "chromium is missing: apt-get install chromium (./test installs it)"
        self.process = subprocess.Popen(
            [CHROMIUM, *FLAGS, f"--user-data-dir={self.folder / 'profile'}", f"--window-size={self.size[0]},{self.size[1]}",
             "about:blank"], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        loop = asyncio.get_running_loop()
        port = await asyncio.wait_for(loop.run_in_executor(None, self.debugging_port), 120)
        self.drain = loop.run_in_executor(None, self.process.stderr.read)
        targets = json.loads(await loop.run_in_executor(None, lambda: self.fetch(f"http://127.0.0.1:{port}/json/list")))
        target = next(t for t in targets if t["type"] == "page")
        self.socket = await websockets.connect(target["webSocketDebuggerUrl"], max_size=None, ping_interval=None,
                                                open_timeout=60)
        self.reader = asyncio.create_task(self.read())
        for domain in ("Page", "Runtime", "Log"):
            await self.call(f"{domain}.enable")
        await self.call("Emulation.setDeviceMetricsOverride", width=self.size[0], height=self.size[1],
                        deviceScaleFactor=1, mobile=self.size[0] < 600)
        await self.call("Page.navigate", url=self.url)
        await self.until("document.readyState === 'complete'")
        return self

    async def __aexit__(self, *_):
        self.reader.cancel()
        await self.socket.close()
        self.process.kill()
        self.process.wait()

    @staticmethod
    def fetch(url):
        import urllib.request

        return urllib.request.urlopen(url, timeout=60).read()

    def debugging_port(self):
        for line in self.process.stderr:
            found = re.search(r"ws://127\.0\.0\.1:(\d+)/", line)
            if found:
                return int(found.group(1))
        raise AssertionError("chromium ended before it listened")

    async def read(self):
        async for text in self.socket:
            message = json.loads(text)
            if "id" in message:
                self.waiting.pop(message["id"]).set_result(message)
            elif message["method"] == "Log.entryAdded":
                self.console.append(message["params"]["entry"])
            elif message["method"] == "Runtime.exceptionThrown":
                self.console.append({"level": "error", "text": str(message["params"]["exceptionDetails"])})

    async def call(self, method, **params):
        number = next(self.numbers)
        self.waiting[number] = asyncio.get_running_loop().create_future()
        await self.socket.send(json.dumps({"id": number, "method": method, "params": params}))
        answer = await asyncio.wait_for(self.waiting[number], 120)
        assert "error" not in answer, answer
        return answer["result"]

    async def js(self, expression):
        answer = await self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    async def until(self, expression, seconds=60):
        for _ in range(seconds * 20):
            value = await self.js(expression)
            if value:
                return value
            await asyncio.sleep(0.05)
        raise AssertionError(f"never true: {expression}; console: {self.console}")

    async def key(self, key, code=None, text=None):
        common = {"key": key, "code": code or key, **({"text": text} if text else {})}
        codes = {"Tab": 9, "Enter": 13, " ": 32}
        common["windowsVirtualKeyCode"] = codes.get(key, 0)
        await self.call("Input.dispatchKeyEvent", type="keyDown", **common)
        await self.call("Input.dispatchKeyEvent", type="keyUp", **common)

    async def screenshot(self, path, whole=True):
        """The whole page, or what is in view."""
        picture = await self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        pathlib.Path(path).write_bytes(base64.b64decode(picture["data"]))
