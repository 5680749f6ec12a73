#!/bin/bash
# Runs the browser tests: starts the server, speaks to it from Chromium, stops it. All in a network namespace of its own
# that has loopback only, so nothing can leave the machine; where that is not permitted it says so and runs without.
#
#   run.sh [case …]     all cases, or those named (answer, barge-in, …)
#
# Wants OMNILIVE_BIN (bin/omnilive), OMNILIVE_MODELS and OMNILIVE_LIB (its folders), OMNILIVE_PYTHON (scripts/setup.sh test makes one).
# OMNILIVE_URL names a server that runs already. PORT is 18080 unless set.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)

if [[ -z ${OMNILIVE_ALONE:-} && -z ${OMNILIVE_URL:-} ]]; then
    export OMNILIVE_ALONE=yes
    if unshare -n true 2>/dev/null; then
        export OMNILIVE_NETNS=yes
        exec unshare -n bash -c 'ip link set lo up && exec "$@"' run "$0" "$@"
    fi
    if unshare -rn true 2>/dev/null; then
        export OMNILIVE_NETNS=yes
        exec unshare -rn bash -c 'ip link set lo up && exec "$@"' run "$0" "$@"
    fi
    echo "run.sh: a network namespace is not permitted here; running in the machine's own network" >&2
fi

cd "$here"
export OMNILIVE_PYTHON=${OMNILIVE_PYTHON:-$root/.cache/venv/bin/python}
export OMNILIVE_MODELS=${OMNILIVE_MODELS:?set it to the models folder}
port=${PORT:-18080}
mkdir -p out
"$OMNILIVE_PYTHON" speak.py out/speech

server=
stop() {
    [[ -z $server ]] || { kill "$server" 2>/dev/null && wait "$server" 2>/dev/null; } || true
}
trap stop EXIT

if [[ -z ${OMNILIVE_URL:-} ]]; then
    export OMNILIVE_URL=http://127.0.0.1:$port
    if [[ ${OMNILIVE_BIN:-} == mock ]]; then
        node mock.mjs "$port" >out/server.log 2>&1 &
    else
        "${OMNILIVE_BIN:-$root/bin/omnilive}" serve --listen "127.0.0.1:$port" --models-dir "$OMNILIVE_MODELS" \
            --lib-dir "${OMNILIVE_LIB:?set it to the folder of libraries}" ${OMNILIVE_SERVE_FLAGS:-} >out/server.log 2>&1 &
    fi
    server=$!
    for ((i = 0; ; i++)); do
        node -e 'fetch(process.argv[1]).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))' "$OMNILIVE_URL/healthz" && break
        if ! kill -0 "$server" 2>/dev/null || ((i > 240)); then
            echo "run.sh: the server did not become ready; its log:" >&2
            tail -30 out/server.log >&2
            exit 1
        fi
        sleep 0.3
    done
    export OMNILIVE_PID=$server
fi

cases=()
for name in "$@"; do cases+=("cases/$name.test.mjs"); done
((${#cases[@]})) || cases=(cases/*.test.mjs)
rc=0
node --test --test-concurrency=1 --test-reporter=tap --test-reporter-destination=stdout "${cases[@]}" || rc=$?
if [[ -n $server ]] && ! kill -0 "$server" 2>/dev/null; then
    echo "run.sh: the server died during the tests; its log:" >&2
    tail -30 out/server.log >&2
    rc=1
fi
exit "$rc"
