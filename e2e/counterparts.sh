#!/usr/bin/env bash
# Runs the tests that need what takes minutes to get: prism, with the vendors'
# OpenAPI files (400 MB out of npm).
set -euo pipefail
cd "$(dirname "$0")"
if [ ! -e prism/node_modules/.package-lock.json ] || [ prism/package-lock.json -nt prism/node_modules/.package-lock.json ]; then
	(cd prism && npm ci --ignore-scripts --no-audit --no-fund)
fi
exec go test -count=1 -timeout 20m -run '^TestPrism$' -v .
