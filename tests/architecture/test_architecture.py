"""The rules of ARCHITECTURE.md that a machine can check: who may include whom, what stays inside an adapter, headers that
compile alone, budgets, limits that are used and documented."""

import concurrent.futures
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
SRC = ROOT / "src"

ROLES = ["app_server", "user_agent_ws", "user_agent_udp", "monitor", "delivery_manager"]
ADAPTERS = ["amqp", "in_memory", "in_process_queue", "mongodb", "rocksdb"]

# Folder -> the folders it may include besides itself.
ARROWS = {
    "base": set(),
    "domain": {"base"},
    "ports": {"domain", "base"},
    "protocol": {"domain", "base"},
    "transport": {"base"},
    "operations": {"base"},
    "load": {"transport", "protocol", "domain", "base"},
    **{f"roles/{role}": {"ports", "protocol", "domain", "transport", "base"} for role in ROLES},
    **{f"adapters/{adapter}": {"ports", "domain", "base"} for adapter in ADAPTERS},
    "app": {"base", "domain", "ports", "protocol", "transport", "operations", "load"}
    | {f"roles/{role}" for role in ROLES}
    | {f"adapters/{adapter}" for adapter in ADAPTERS},
}
# The simulator may include everything; since no other folder has this arrow, nothing includes it.
ARROWS["simulation"] = set(ARROWS)

# Vendor include prefix -> the folders that may name it, in sources or private headers.
VENDORS = {
    "openssl/": {"base", "transport", "load", "app"},
    "idn2.h": {"base"},
    "boost/json": {"protocol", "app"},
    "boost/beast": {"transport"},
    "boost/asio": {"transport"},
    "rocksdb/": {"adapters/rocksdb", "simulation"},
    "mongoc/": {"adapters/mongodb"},
    "bson/": {"adapters/mongodb"},
    "proton/": {"adapters/amqp"},
    "CLI/": {"app", "simulation"},
    "toml++/": {"app"},
}

HEADER_LINES_MAX = 250
SOURCE_LINES_MAX = 500

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


def folder_of(path):
    parts = path.relative_to(SRC).parts
    return "/".join(parts[:2]) if parts[0] in ("roles", "adapters") else parts[0]


def sources():
    found = sorted(p for p in SRC.rglob("*") if p.suffix in (".h", ".cc"))
    assert len(found) > 50, "the sources were not found"
    return found


def includes(path):
    return INCLUDE.findall(path.read_text())


def target_folder(name):
    parts = name.split("/")
    return "/".join(parts[:2]) if parts[0] in ("roles", "adapters") else parts[0]


def test_every_folder_is_known():
    assert {folder_of(p) for p in sources()} <= set(ARROWS)


def test_arrows():
    wrong = []
    for path in sources():
        allowed = ARROWS[folder_of(path)] | {folder_of(path)}
        for quote, name in includes(path):
            if quote == '"' and target_folder(name) not in allowed:
                wrong.append(f"{path.relative_to(ROOT)} includes {name}")
            if name.startswith(".."):
                wrong.append(f"{path.relative_to(ROOT)} includes upwards: {name}")
    assert not wrong, "\n".join(wrong)


def test_project_headers_are_quoted_by_their_full_path():
    wrong = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in sources()
        for quote, name in includes(path)
        if quote == '"' and not (SRC / name).exists() and "generated" not in name
    ]
    assert not wrong, "\n".join(wrong)


def test_vendor_headers_stay_inside():
    wrong = []
    for path in sources():
        for _, name in includes(path):
            for prefix, allowed in VENDORS.items():
                if name.startswith(prefix) and folder_of(path) not in allowed:
                    wrong.append(f"{path.relative_to(ROOT)} includes {name}")
    assert not wrong, "\n".join(wrong)


def test_protocol_knows_no_socket():
    wrong = [
        f"{path.relative_to(ROOT)} includes {name}"
        for path in sources()
        if folder_of(path) in ("protocol", "domain", "ports")
        for _, name in includes(path)
        if name.startswith(("sys/", "netinet/", "arpa/")) or name in ("unistd.h", "netdb.h", "fcntl.h", "poll.h")
    ]
    assert not wrong, "\n".join(wrong)


def test_headers_compile_alone(tmp_path):
    # The one library whose headers are not where the compiler looks.
    found = subprocess.run(["pkg-config", "--cflags", "libmongoc-1.0"], capture_output=True, text=True, check=True)

    def compile_alone(header):
        unit = tmp_path / (str(header.relative_to(SRC)).replace("/", "_") + ".cc")
        unit.write_text(f'#include "{header.relative_to(SRC)}"\n')
        run = subprocess.run(
            ["g++", "-std=c++23", f"-I{SRC}", *found.stdout.split(), "-fsyntax-only", str(unit)],
            capture_output=True,
            text=True,
        )
        return f"{header.relative_to(ROOT)}:\n{run.stderr}" if run.returncode else None

    # Where a source includes its own header first, the build shows that the header compiles alone.
    shown = {first[1] for p in sources() if p.suffix == ".cc" and (first := re.match(r'#include "([^"]+)"', p.read_text()))}
    headers = [p for p in sources() if p.suffix == ".h" and str(p.relative_to(SRC)) not in shown]
    assert headers, "every header has a source that includes it first?"
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        wrong = [failure for failure in pool.map(compile_alone, headers) if failure]
    assert not wrong, "\n".join(wrong)


def test_file_budgets():
    wrong = []
    for path in sources():
        budget = HEADER_LINES_MAX if path.suffix == ".h" else SOURCE_LINES_MAX
        lines = path.read_text().count("\n")
        if lines > budget and not path.name.endswith("_test.cc") and "contract" not in path.parts:
            wrong.append(f"{path.relative_to(ROOT)}: {lines} lines, {budget} are the budget")
    assert not wrong, "\n".join(wrong)


def test_tests_do_not_wait_by_the_clock():
    clock = re.compile(r"sleep_for|sleep_until|usleep\s*\(|[^a-z_]sleep\s*\(|time\.sleep")
    wrong = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in [p for p in sources() if p.name.endswith("_test.cc")]
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if clock.search(line)
    ]
    assert not wrong, "\n".join(wrong)


def test_no_test_can_skip():
    this = pathlib.Path(__file__).resolve()
    marks = re.compile(r"GTEST_SKIP|DISABLED_|pytest\.mark\.skip|pytest\.skip|importorskip|@unittest\.skip")
    wrong = [
        str(path.relative_to(ROOT))
        for path in [*sources(), *(ROOT / "tests").rglob("*.py")]
        if path.resolve() != this and marks.search(path.read_text())
    ]
    assert not wrong, "\n".join(wrong)


def declared_limits():
    names = re.findall(r"^HERALD_LIMIT\((\w+)", (SRC / "base" / "limits.def").read_text(), re.MULTILINE)
    assert len(names) > 20
    return names


def test_every_limit_is_enforced_somewhere():
    code = "\n".join(p.read_text() for p in sources() if not p.name.endswith("_test.cc") and folder_of(p) != "base")
    unused = [name for name in declared_limits() if not re.search(rf"\b{name}\b", code)]
    assert not unused, f"declared but used nowhere: {unused}"


def test_every_limit_has_a_test():
    code = "\n".join(p.read_text() for p in sources() if p.name.endswith("_test.cc") or "contract" in p.parts)
    code += "\n".join(p.read_text() for p in (ROOT / "tests").rglob("*.py"))
    # In C++ by its name, from outside by its flag.
    untested = [name for name in declared_limits()
                if not re.search(rf"\b{name}\b|--limits-{name.replace('_', '-')}\b", code)]
    assert not untested, f"no test names: {untested}"


def test_every_limit_is_documented():
    reference = (ROOT / "docs" / "configuration.md").read_text()
    missing = [name for name in declared_limits() if name not in reference]
    assert not missing, f"not in docs/configuration.md: {missing}"


def test_documents_point_at_files_that_exist():
    link = re.compile(r"\]\((?!https?:|#|mailto:)([^)#]+)")
    wrong = []
    for document in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        for target in link.findall(document.read_text()):
            if not (document.parent / target).exists():
                wrong.append(f"{document.relative_to(ROOT)} -> {target}")
    assert not wrong, "\n".join(wrong)


def test_secrets_and_data_folders_are_ignored_by_git_and_docker():
    secrets = ["herald-data/token.keys", "deploy/token.keys", "deploy/broker.password", "deploy/mongodb.uri", "my.vapid.json",
               "my-app.private.pem", "demo.device", "deploy/operations.secret"]
    for secret in secrets:
        ignored = subprocess.run(["git", "check-ignore", "-q", "--no-index", secret], cwd=ROOT)
        assert ignored.returncode == 0, f"git does not ignore {secret}"
    patterns = (ROOT / ".dockerignore").read_text().split()
    for secret in secrets:
        path = pathlib.PurePosixPath(secret)
        assert any(path.match(p.removeprefix("**/")) or any(parent.match(p.removeprefix("**/")) for parent in path.parents)
                   for p in patterns), f"docker does not ignore {secret}"
