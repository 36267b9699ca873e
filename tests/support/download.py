"""Gets what tests need from the registries of packages; a registry that does not answer is asked again."""

import subprocess
import sys
import time

WAITS_S = (2, 5, 15, 30)


class Failed(Exception):
    pass


def run(command, what, waits=WAITS_S, sleep=time.sleep, **more):
    """Runs a command that downloads `what`, again after each of `waits` while it fails."""
    command = [str(part) for part in command]
    for number, wait in enumerate([*waits, None], 1):
        try:
            done = subprocess.run(command, capture_output=True, text=True, **more)
        except OSError as error:
            raise Failed(f"could not get {what}: {error}") from error
        if done.returncode == 0:
            return
        said = f"{done.stdout[-2000:]}{done.stderr[-2000:]}".strip()
        if wait is None:
            raise Failed(f"could not get {what} in {number} attempts with `{' '.join(command)}`:\n{said}")
        print(f"could not get {what}, again in {wait} s:\n{said}", file=sys.stderr, flush=True)
        sleep(wait)
