"""The README's tour, as it is written."""

import os
import pathlib
import re
import signal
import subprocess

import herald

README = (pathlib.Path(__file__).parents[2] / "README.md").read_text()
TOUR = README.split("## A tour of two minutes")[1].split("\n## ")[0]


def commands():
    """The lines of the tour's blocks."""
    blocks = re.findall(r"```\n(.*?)```", TOUR, re.S)
    return [line for block in blocks for line in block.splitlines()]


def listen_command(server):
    line = next(line for line in commands() if line.startswith("build/release/herald listen") and "--udp" not in line)
    return [herald.need_binary(), *line.split()[1:], "--server", server.url]


def start_listener(server, folder):
    return subprocess.Popen(listen_command(server), cwd=folder, stdout=subprocess.PIPE, text=True,
                            env=herald.clean_environment())


def read_until(listener, text):
    seen = []
    for line in listener.stdout:
        seen.append(line)
        if text in line:
            return "".join(seen)
    raise AssertionError(f"{text!r} did not come: {seen}")


def end(listener):
    # Not SIGINT, the signal of Ctrl-C: a test run in the background of a shell inherits it ignored.
    listener.send_signal(signal.SIGTERM)
    listener.wait(herald.WAIT_SECONDS)
    listener.stdout.close()


def send(url, text):
    sent = subprocess.run([herald.need_binary(), "send", url, text], capture_output=True, text=True,
                          env=herald.clean_environment())
    assert sent.returncode == 0, sent


def test_now_lose_nothing(tmp_path):
    server = herald.Server(tmp_path).start()
    listener = start_listener(server, tmp_path)
    url = re.search(r"http://\S+/notify/\w+", read_until(listener, "/notify/")).group(0)
    end(listener)
    for text in ("first", "second", "third"):
        send(url, text)
    kill = next(line for line in commands() if line.startswith("kill -9"))
    os.symlink(tmp_path / "data", tmp_path / "herald-data")
    subprocess.run(["bash", "-c", kill], cwd=tmp_path, check=True)
    assert server.wait() == -signal.SIGKILL
    server.process.stdout.close()
    server.start()
    listener = start_listener(server, tmp_path)
    shown = read_until(listener, "third")
    assert shown.index("first") < shown.index("second") < shown.index("third")
    end(listener)
    server.stop()


def test_no_command_of_the_tour_reaches_other_servers():
    assert not re.search(r"pkill|killall", TOUR)
