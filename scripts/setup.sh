#!/bin/sh
# Installs what omnilive needs from Debian's packages, and only what is missing.
#
#   scripts/setup.sh runtime   to run bin/omnilive and fetch the model parts
#   scripts/setup.sh build     to build it as well
#   scripts/setup.sh test      to test it as well: browser, metric checker, Python environment, node modules
#
# `make run`, `make test`, .ci/run and the Dockerfile all come through here. A second run changes nothing and asks nobody.
set -eu

mode=${1:-}
root=$(cd "$(dirname "$0")/.." && pwd)

runtime="libgstreamer1.0-0 gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad
gstreamer1.0-plugins-ugly gstreamer1.0-libav espeak-ng ca-certificates"
build="gcc g++ libc6-dev make pkg-config libgstreamer1.0-dev libgstreamer-plugins-base1.0-dev"
test="chromium prometheus iproute2 util-linux sox ffmpeg gstreamer1.0-tools xz-utils"

say() { echo "setup: $*" >&2; }

installed() { dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q 'ok installed'; }

as_root() {
	if [ "$(id -u)" = 0 ]; then "$@"; elif command -v sudo >/dev/null; then sudo "$@"; else
		say "not root and no sudo here; as root, run: $*"
		exit 1
	fi
}

packages() {
	missing=
	for p in "$@"; do installed "$p" || missing="$missing $p"; done
	[ -n "$missing" ] || return 0
	if ! command -v apt-get >/dev/null; then
		say "this script knows Debian's packages only; install what matches:$missing"
		exit 1
	fi
	say "installing:$missing"
	as_root apt-get update -qq
	# shellcheck disable=SC2086 # one word a package
	as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >&2
}

# The registries' clients may be there from elsewhere than Debian's packages: ask for the commands.
clients() {
	python3 -m pip --version >/dev/null 2>&1 || packages python3 python3-pip
	[ "${OMNILIVE_NO_NPM:-}" = 1 ] || command -v npm >/dev/null || packages npm
}

toolchain() {
	command -v go >/dev/null || { say "Go is missing: install Go 1.26 or newer, then run this again"; exit 1; }
}

# A Python environment of exactly the packages of test/requirements.txt, made anew when that file changes.
python_environment() {
	venv=$root/.cache/venv
	want=$(sha256sum "$root/test/requirements.txt" | cut -d' ' -f1)
	[ "$(cat "$venv/.made-of" 2>/dev/null)" != "$want" ] || return 0
	say "making the tests' Python environment in $venv"
	rm -rf "$venv"
	python3 -m venv "$venv" 2>/dev/null || { packages python3-venv; python3 -m venv "$venv"; }
	"$venv/bin/python" -m pip install -q --disable-pip-version-check --no-input --no-deps --only-binary=:all: \
		--require-hashes -r "$root/test/requirements.txt" >&2
	echo "$want" >"$venv/.made-of"
}

node_modules() {
	dir=$root/test/browser
	want=$(sha256sum "$dir/package-lock.json" | cut -d' ' -f1)
	[ "$(cat "$dir/node_modules/.made-of" 2>/dev/null)" != "$want" ] || return 0
	command -v node >/dev/null || packages nodejs
	say "installing the browser test's node modules"
	(cd "$dir" && npm ci --no-audit --no-fund --loglevel error >&2)
	echo "$want" >"$dir/node_modules/.made-of"
}

# shellcheck disable=SC2086 # one word a package
case $mode in
runtime)
	packages $runtime
	clients
	;;
build)
	packages $runtime $build
	clients
	toolchain
	;;
test)
	packages $runtime $build $test
	clients
	toolchain
	python_environment
	node_modules
	;;
*)
	say "usage: scripts/setup.sh runtime|build|test"
	exit 2
	;;
esac
