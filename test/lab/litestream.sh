#!/usr/bin/env bash
# Builds Litestream, which copies the ledger, from its tagged Go module; about a minute, once. Prints the folder it is in.
set -euo pipefail
version=0.5.18
bin=${OVTH_TOOLS:-$HOME/.cache/ovth-tools}/bin
if [ "$("$bin/litestream" version 2>/dev/null)" != "$version" ]; then
  mkdir -p "$bin"
  GOBIN=$bin go install -trimpath -ldflags "-s -w -X main.Version=$version" \
    "github.com/benbjohnson/litestream/cmd/litestream@v$version" 2> >(grep -v '^go: downloading' >&2)
fi
echo "$bin"
