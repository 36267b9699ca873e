"""The files of deploy/, as far as they can be checked without the machines they are for."""

import os
import pathlib
import re
import signal
import subprocess
import urllib.parse

import herald
import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())


@pytest.fixture(scope="module")
def known():
    """Flags and variables of herald serve, as it lists them."""
    reference = subprocess.run([herald.need_binary(), "check-config", "--reference"], capture_output=True, text=True, check=True).stdout
    return set(re.findall(r"`(--[a-z0-9-]+)", reference)), set(re.findall(r"`(HERALD_[A-Z0-9_]+)", reference))


def roles_of(text):
    return set(re.findall(r"--roles ([a-z_,]+)", text))


def test_every_unit_is_sound():
    assert len(UNITS) == 5
    for unit in UNITS:
        # systemd-analyze wants the program to exist, and a template to have an instance.
        checked = unit.read_text().replace("/usr/local/bin/herald", herald.need_binary())
        folder = pathlib.Path(os.environ.get("TMPDIR", "/tmp")) / f"herald-units-{os.getpid()}"
        folder.mkdir(exist_ok=True)
        instance = folder / unit.name.replace("@", "@1")
        instance.write_text(checked)
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", str(instance)], capture_output=True, text=True)
        mine = [line for line in done.stderr.splitlines() if unit.stem.split("@")[0] in line]
        assert done.returncode == 0 and not mine, f"{unit.name}: {done.stderr}"
        security = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=20", str(instance)],
                                  capture_output=True, text=True)
        assert security.returncode == 0, f"{unit.name} is exposed:\n{security.stdout[-600:]}"
        instance.unlink()


def test_units_cover_every_role_with_options_that_exist(known):
    flags, variables = known
    text = "\n".join(unit.read_text() for unit in UNITS)
    assert roles_of(text) == {"app_server", "user_agent_ws", "user_agent_udp", "monitor", "delivery_manager"}
    for flag in re.findall(r"(--[a-z-]+)", "\n".join(re.findall(r"^ExecStart=(.*)$", text, re.M))):
        assert flag in flags | {"--config"}, flag
    for variable in re.findall(r"(HERALD_[A-Z_]+)=", text):
        assert variable in variables, variable


def test_compose_names_only_options_that_exist_and_has_what_it_says(known):
    _, variables = known
    services = COMPOSE["services"]
    roles = [service["environment"]["HERALD_ROLES"] for service in services.values() if "HERALD_ROLES" in service.get("environment", {})]
    assert sorted(roles) == ["app_server", "app_server", "delivery_manager", "monitor", "user_agent_udp", "user_agent_ws", "user_agent_ws"]
    assert {"lb", "artemis", "mongo1", "mongo2", "mongo3"} <= set(services)
    ids = [service["environment"].get(key) for service in services.values() for key in ("HERALD_SERVER_ID", "HERALD_UDP_SERVER_ID")
           if key in service.get("environment", {})]
    assert len(ids) == len(set(ids)) == 3
    for name, service in services.items():
        for variable in service.get("environment", {}):
            assert variable in variables, f"{name}: {variable}"
        for other in service.get("depends_on", []):
            assert other in services, f"{name} depends on {other}"
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert source in COMPOSE["volumes"] or (DEPLOY / source).exists(), f"{name}: {volume}"
        for secret in service.get("secrets", []):
            assert secret in COMPOSE["secrets"]


def test_each_process_of_compose_would_start(known, tmp_path):
    """herald check-config takes the very environment, but for secrets, which are no files here."""
    for name, service in COMPOSE["services"].items():
        environment = dict(service.get("environment", {}))
        if "HERALD_ROLES" not in environment:
            continue
        (tmp_path / "token.keys").write_text("A" * 43 + "=\n")
        (tmp_path / "broker.password").write_text("secret\n")
        environment["HERALD_TOKEN_KEY_FILE"] = str(tmp_path / "token.keys")
        environment["HERALD_BROKER_PASSWORD_FILE"] = str(tmp_path / "broker.password")
        environment["HERALD_PUBLIC_URL"] = "http://127.0.0.1:8080"
        done = subprocess.run([herald.need_binary(), "check-config"], env=herald.clean_environment(environment),
                              capture_output=True, text=True)
        assert done.returncode == 0, f"{name}: {done.stdout[-500:]}{done.stderr}"


def test_the_load_balancer_reaches_every_server_of_compose():
    text = (DEPLOY / "haproxy.cfg").read_text()
    backends = set(re.findall(r"^  server (\w+) (\w+):8080", text, re.M))
    assert {name for name, _ in backends} == {"app1", "app2", "udp1", "ws1", "ws2"}
    assert all(name == host and host in COMPOSE["services"] for name, host in backends)
    done = subprocess.run(["/usr/sbin/haproxy", "-c", "-f", str(DEPLOY / "haproxy.cfg")], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_example_configuration_is_valid(tmp_path):
    for name, text in (("mongodb.uri", "mongodb://127.0.0.1/\n"), ("broker.password", "secret\n"), ("token.keys", "A" * 43 + "=\n")):
        (tmp_path / name).write_text(text)
    example = tmp_path / "cluster.toml"
    example.write_text((DEPLOY / "cluster.example.toml").read_text().replace("/etc/herald", str(tmp_path)))
    done = subprocess.run([herald.need_binary(), "check-config", "--config", str(example), "--roles", "app_server"],
                          env=herald.clean_environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-500:] + done.stderr


def package_of(path):
    """The Debian package that a file comes from."""
    real = str(path.resolve())
    for name in (real, real.removeprefix("/usr")):  # merged /usr
        owner = subprocess.run(["dpkg", "-S", name], capture_output=True, text=True)
        if owner.returncode == 0:
            return owner.stdout.split(":")[0]
    raise AssertionError(f"{path} is of no package")


@pytest.mark.no_sanitizer
def test_the_image_names_every_library_that_the_program_needs():
    linked = subprocess.run(["ldd", herald.need_binary()], capture_output=True, text=True, check=True).stdout
    found = dict(re.findall(r"^\s*(\S+) => (/\S+)", linked, re.M))
    needed = subprocess.run(["readelf", "-d", herald.need_binary()], capture_output=True, text=True, check=True).stdout
    packages = {package_of(pathlib.Path(found[name])) for name in re.findall(r"NEEDED.*\[(.*)\]", needed)}
    text = (DEPLOY / "Dockerfile").read_text()
    named = {name for name in packages if name in text.split()}
    depends = subprocess.run(["dpkg-query", "-W", "-f", "${Depends}, ", *named], capture_output=True, text=True, check=True).stdout
    brought = {name.split()[0] for name in re.split(r"[,|]", depends) if name.strip()}
    assert packages <= named | brought


def test_try_cluster_starts_shows_and_stops_everything(tmp_path):
    process = subprocess.Popen([str(DEPLOY / "try-cluster"), "--front-ends", "1", "--app-servers", "1", "--broker", "classic"],
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                               env={**os.environ, "TMPDIR": str(tmp_path)})
    pids, url = {}, None
    for line in process.stdout:
        if found := re.match(r"(\w+) +(\d+)  (.*)", line):
            pids[found[1]] = int(found[2])
        if found := re.search(r"senders use +(http://\S+)", line):
            url = found[1]
        if "Ctrl-C stops everything" in line:
            break
    assert {"database", "broker", "WS1", "UDP1", "app1", "monitor1", "manager1"} <= set(pids), pids
    assert urllib.parse.urlsplit(url).port
    assert herald.get(url + "/token").status == 200
    healthy = 0
    for line in process.stdout:
        healthy += bool(re.search(r"(WS1|UDP1|app1|monitor1|manager1) +ok", line))
        if healthy == 5:
            break
    process.send_signal(signal.SIGINT)
    rest = process.stdout.read()
    assert process.wait(60) == 0, rest
    for name, pid in pids.items():
        assert not pathlib.Path(f"/proc/{pid}").exists(), f"{name} is still there"
    assert not list(tmp_path.iterdir()), "the folder is gone"


def test_try_cluster_says_which_log_to_read_when_a_process_dies_at_the_start(tmp_path):
    done = subprocess.run([str(DEPLOY / "try-cluster"), "--front-ends", "1", "--", "--no-such-flag"], capture_output=True,
                          text=True, env={**os.environ, "TMPDIR": str(tmp_path)}, timeout=600)
    assert done.returncode == 1 and "no-such-flag" in done.stderr and "logs are in" in done.stderr, done
