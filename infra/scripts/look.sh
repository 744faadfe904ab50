#!/usr/bin/env bash
# Says what is on a box, and changes nothing.
#   look.sh HOME     prints `deploy JSON`, `copied` where the ledger has a backup, `changed FILE`, `runs CONTAINER`, or `never` where no update has ended yet
home=$1
if ! cd "$home" 2>/dev/null || ! [ -f applied.sha256 ]; then
  echo never
  exit 0
fi
echo "deploy $(cat current/config/deploy.json 2>/dev/null)"
! grep -q ' backup/' applied.sha256 || echo copied
LC_ALL=C sha256sum --check applied.sha256 2>/dev/null | sed -n 's/^\(.*\): FAILED.*$/changed \1/p'
docker ps --filter name=^ovth- --format 'runs {{.Names}}' 2>/dev/null
