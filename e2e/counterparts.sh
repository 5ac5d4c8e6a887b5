#!/usr/bin/env bash
# Runs the tests that need what takes minutes to get: prism, with the vendors'
# OpenAPI files (400 MB out of npm), and gitea (110 MB, and Go's compiler at work
# for some eight minutes of a CPU; it needs git to run).
set -euo pipefail
cd "$(dirname "$0")"
if [ ! -e prism/node_modules/.package-lock.json ] || [ prism/package-lock.json -nt prism/node_modules/.package-lock.json ]; then
	(cd prism && npm ci --ignore-scripts --no-audit --no-fund)
fi

# Its go.mod replaces modules, so it can't be a tool of another module; it is built
# where Go has unpacked it, and its templates are read there.
gitea=v1.26.0 sum=h1:fJP9dqLbzKrKWUVnCVTfVersZdVDuyJQLEDzCAOmKKA=
built=$PWD/../build/counterparts
got=$(go mod download -json "code.gitea.io/gitea@$gitea")
field() { sed -n "s/^\t\"$1\": \"\(.*\)\",\{0,1\}$/\1/p" <<<"$got"; }
[ "$(field Sum)" = "$sum" ] || { echo "gitea $gitea is not the one that is pinned here: $got" >&2; exit 1; }
mkdir -p "$built"
ln -sfn "$(field Dir)" "$built/gitea-files"
if [ "$(cat "$built/gitea.version" 2>/dev/null)" != "$gitea" ]; then
	go build -C "$(field Dir)" -trimpath -ldflags '-s -w' -tags 'sqlite sqlite_unlock_notify' -o "$built/gitea" .
	echo "$gitea" >"$built/gitea.version"
fi
exec go test -count=1 -timeout 30m -run '^(TestPrism|TestGitea)$' -v .
