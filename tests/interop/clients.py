"""Web Push clients that are not ours, installed under build/interop: the npm packages of package.json, and a Python
environment with requirements.txt. A test that needs one fails with what is missing; none is skipped."""

import contextlib
import fcntl
import hashlib
import importlib.util
import json
import os
import pathlib
import shutil
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
INSTALLED = HERE.parents[1] / "build" / "interop"
ANSWER_SECONDS = 180
INSTALL_SECONDS = 600


def need(program, package):
    found = shutil.which(program)
    assert found, f"{program} is missing: apt-get install {package} (./test interop installs it)"
    return found


def run(command, what, **more):
    done = subprocess.run(command, capture_output=True, text=True, **more)
    assert done.returncode == 0, f"{what} failed ({done.returncode}): {done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


@contextlib.contextmanager
def out_of_date(name, inputs):
    """Holds a lock; gives True if `name` was not installed from just these inputs, and notes it when the block ends well."""
    INSTALLED.mkdir(parents=True, exist_ok=True)
    wanted = hashlib.sha256(b"\0".join(path.read_bytes() for path in inputs)).hexdigest()
    stamp = INSTALLED / f"{name}.stamp"
    with open(INSTALLED / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stale = not (INSTALLED / name).exists() or not stamp.exists() or stamp.read_text() != wanted
        yield stale
        if stale:
            stamp.write_text(wanted)


def node_modules():
    """Installs the locked npm packages if need be; returns the node program."""
    node = need("node", "nodejs")
    inputs = [HERE / name for name in ("package.json", "package-lock.json", ".npmrc")]
    with out_of_date("node_modules", inputs) as stale:
        if stale:
            for path in inputs:
                shutil.copy(path, INSTALLED / path.name)
            command = [need("npm", "npm"), "ci", "--no-audit", "--no-fund"]
            run(command, "npm ci", cwd=INSTALLED, timeout=INSTALL_SECONDS)
    return node


def node_environment(ca_file=None):
    environment = {**os.environ, "NODE_PATH": str(INSTALLED / "node_modules")}
    if ca_file:
        environment["NODE_EXTRA_CA_CERTS"] = str(ca_file)
    return environment


def python_environment():
    """Makes the Python environment if need be; returns its interpreter."""
    requirements = HERE / "requirements.txt"
    interpreter = INSTALLED / "venv" / "bin" / "python"
    with out_of_date("venv", [requirements]) as stale:
        if stale:
            shutil.rmtree(INSTALLED / "venv", ignore_errors=True)
            run(["/usr/bin/python3", "-m", "venv", str(INSTALLED / "venv")], "python3 -m venv (package python3-venv)")
            command = [str(interpreter), "-m", "pip", "install", "--quiet", "--no-compile", "-r", str(requirements)]
            run(command, "pip install", timeout=INSTALL_SECONDS)
    return str(interpreter)


def http_ece():
    """The module http_ece of the environment above, for this interpreter."""
    python_environment()
    path = next((INSTALLED / "venv").glob("lib/python3*/site-packages/http_ece/__init__.py"))
    spec = importlib.util.spec_from_file_location("http_ece", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Sender:
    """An application server: a program that reads one request from stdin and writes one answer to stdout."""

    def __init__(self, command, name, environment):
        self.command, self.name, self.environment = command, name, environment

    def __repr__(self):
        return self.name

    def ask(self, request):
        said = run(self.command, self.name, input=json.dumps(request), env=self.environment, timeout=ANSWER_SECONDS)
        return json.loads(said)

    def keys(self):
        """A new VAPID key pair: {"publicKey", "privateKey"}, each base64url."""
        return self.ask({"do": "keys"})

    def send(self, subscription, text, vapid=None, **options):
        """The answer to one push: {"status", "headers" (names in lower case), "body"}."""
        return self.ask({"do": "send", "subscription": subscription, "text": text, "vapid": vapid, "options": options})


def web_push(ca_file=None):
    return Sender([node_modules(), str(HERE / "send.js")], "web-push (npm)", node_environment(ca_file))


def pywebpush(ca_file=None):
    environment = dict(os.environ)
    if ca_file:
        environment["REQUESTS_CA_BUNDLE"] = str(ca_file)
    return Sender([python_environment(), str(HERE / "send.py")], "pywebpush (PyPI)", environment)
