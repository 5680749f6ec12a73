#!/bin/sh
# Every check of the project, one after the other; a failing one does not hide the next. `make test` runs it.
#
#   scripts/test.sh [lint] [go] [types] [browser]     some of them
#
# The tests get their surroundings from here: OMNILIVE_MODELS, OMNILIVE_LIB (folders that `omnilive models fetch` filled),
# OMNILIVE_PYTHON (the environment of test/requirements.txt), OMNILIVE_SHARED (the design folder, where there is one).
set -u
cd "$(dirname "$0")/.." || exit 1
root=$(pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/omnilive
export OMNILIVE_MODELS="${OMNILIVE_MODELS:-$cache/models}" OMNILIVE_LIB="${OMNILIVE_LIB:-$cache/lib}"
export OMNILIVE_PYTHON="${OMNILIVE_PYTHON:-$root/.cache/venv/bin/python}" OMNILIVE_BIN="$root/bin/omnilive"
if [ -z "${OMNILIVE_SHARED:-}" ] && [ -d "$root/../shared/golden" ]; then
	OMNILIVE_SHARED=$(cd "$root/../shared" && pwd)
	export OMNILIVE_SHARED
fi

passed=0 failed=0 red=
check() {
	name=$1
	shift
	echo "=== $name"
	began=$(date +%s)
	if "$@" </dev/null; then passed=$((passed + 1)); else failed=$((failed + 1)) red="$red $name"; fi
	echo "--- $name: $(($(date +%s) - began)) s"
}

# shellcheck disable=SC2046 # one word a check
[ $# -gt 0 ] || set -- lint types browser go
for what in "$@"; do
	case $what in
	lint) check lint scripts/lint.sh ;;
	types) check types npm run --silent --prefix test/browser types ;;
	browser) check browser npm test --silent --prefix test/browser ;;
	go)
		check go go test -race -shuffle=on -timeout 20m ./...
		check hour go test -run 'TestAnHour$' ./model/omni/live ;; # its memory is measured, which the race detector disturbs
	*) echo "no check $what: want lint, types, browser or go" >&2; exit 2 ;;
	esac
done
[ -z "$red" ] || echo "red:$red"
echo "checks: $passed passed, $failed failed"
[ "$failed" = 0 ]
