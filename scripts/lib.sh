# Shared by run and test: where the project is, and how it gets what it needs. Sourced, not run.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export CCACHE_BASEDIR="$root" CCACHE_NOHASHDIR=1 CCACHE_SLOPPINESS=pch_defines,time_macros

say() { printf '\033[1m==> %s\033[0m\n' "$*"; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# installed PACKAGE: whether it is, or another one that provides it (NodeSource's nodejs provides npm, and conflicts with it).
installed() {
  [[ $(dpkg-query -W -f '${db:Status-Abbrev}' "$1" 2>/dev/null) == ii* ]] ||
    dpkg-query -W -f '${db:Status-Abbrev}, ${Provides}, \n' | grep '^ii' | grep -E ", $1( \([^)]*\))?," >/dev/null
}

# without_services COMMAND...: runs it, with "${as_root[@]}" before it, while no package may start the service that it brings:
# the tests start servers of their own, and an install fails if the service does not start.
without_services() (
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    trap '"${as_root[@]}" rm -f "$policy"' EXIT
    "${as_root[@]}" sh -c 'printf "#!/bin/sh\nexit 101\n" >"$0" && chmod 755 "$0"' "$policy"
  fi
  "${as_root[@]}" "$@"
)

# install_packages KIND...: installs the Debian packages of scripts/packages.txt that are missing.
install_packages() {
  local kind package missing=()
  while read -r kind package; do
    [[ " $* " == *" $kind "* ]] || continue
    installed "$package" || missing+=("$package")
  done < <(grep -v '^#' "$root/scripts/packages.txt")
  [ ${#missing[@]} -eq 0 ] && return
  command -v apt-get >/dev/null || die "these packages are missing, and there is no apt-get to install them: ${missing[*]}"
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null ||
      die "these packages are missing, and installing them needs root or sudo; as root: apt-get install ${missing[*]}"
    as_root=(sudo)
  fi
  say "installing ${#missing[@]} Debian packages: ${missing[*]}"
  "${as_root[@]}" apt-get update -qq
  DEBIAN_FRONTEND=noninteractive without_services apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null ||
    die "apt-get could not install: ${missing[*]}"
}

# build PRESET [TARGET...]: configures once, then builds.
build() {
  local preset=$1
  shift
  [ -f "$root/build/$preset/build.ninja" ] || (cd "$root" && cmake --preset "$preset" >"$root/build/$preset.configure.log" 2>&1) ||
    { cat "$root/build/$preset.configure.log" >&2; die "cmake could not configure $preset"; }
  (cd "$root" && cmake --build --preset "$preset" ${1:+--target "$@"})
}
mkdir -p "$root/build"
