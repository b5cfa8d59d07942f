#!/bin/sh
# Runs the end-to-end tests where there is a browser to run them in, and says so where there is none.
set -eu
cd "$(dirname "$0")/../.."
if ! node -e 'import("./tests/editor/browser.mjs").then(({ chromium }) => process.exit(chromium() ? 0 : 1))'; then
    echo "test: SKIPPED, the end-to-end tests: there is no Chromium (Debian: apt-get install chromium, or set CHROMIUM)"
    exit 0
fi
node tests/editor/install.mjs
echo "test: the real editor"
exec node --test --test-concurrency=1 tests/editor/*.test.mjs
