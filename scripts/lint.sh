#!/bin/sh
# The linters, at the versions of tools/go.mod. House limits and the import table are Go tests (house_test.go,
# imports_test.go) and run with the others.
set -u
cd "$(dirname "$0")/.." || exit 1
status=0
tool() { go tool -modfile=tools/go.mod "$@"; }

odd=$(tool gofumpt -l .) || status=1
if [ -n "$odd" ]; then
	echo "not formatted (run: go tool -modfile=tools/go.mod gofumpt -w .):"
	echo "$odd"
	status=1
fi
go vet ./... || status=1
tool staticcheck ./... || status=1
go mod tidy -diff || status=1
for script in scripts/*.sh .ci/run; do sh -n "$script" || status=1; done
exit $status
