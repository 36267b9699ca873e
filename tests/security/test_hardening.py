"""The binary is built so that a memory fault is hard to use."""

import re
import subprocess

import pytest

import herald


def readelf(*flags):
    return subprocess.run(["readelf", "-W", *flags, herald.need_binary()], capture_output=True, text=True, check=True).stdout


def imported():
    return set(re.findall(r" UND (\w+)", readelf("--dyn-syms")))


def test_addresses_differ_at_each_start():
    assert re.search(r"FLAGS_1.*\bPIE\b", readelf("-d"))


def test_tables_of_pointers_are_read_only_once_it_runs():
    assert "GNU_RELRO" in readelf("-l")
    assert re.search(r"FLAGS.*\bBIND_NOW\b|FLAGS_1.*\bNOW\b", readelf("-d")), "full, not partial"


def test_the_stack_is_not_executable():
    stack = next(line for line in readelf("-l").splitlines() if "GNU_STACK" in line)
    assert "RWE" not in stack and " RW " in stack
    assert not re.search(r"LOAD .* RWE ", readelf("-l")), "nor anything else that can be written"


@pytest.mark.parametrize("check", ["__stack_chk_fail", "__memcpy_chk", "_ZSt21__glibcxx_assert_failPKciS0_S0_"],
                         ids=["return addresses", "libc", "libstdc++"])
def test_checks_are_compiled_in(check):
    assert check in imported()
