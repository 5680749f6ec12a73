#!/bin/bash
# Fetches what the browser tests need beside Chromium: the pinned npm packages and a Python with the speaker and the
# recogniser. OMNILIVE_PYTHON names a Python that has them already.
set -euo pipefail
cd "$(dirname "$0")"
npm ci --no-audit --no-fund --silent
[[ -n ${OMNILIVE_PYTHON:-} ]] && exit 0
[[ -x venv/bin/python ]] || python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check -r requirements.txt
