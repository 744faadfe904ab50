#!/usr/bin/env bash
# Says whose ledger is on the data volume. Where there has been none, allows the gateway to begin one.
#   ledger.sh STAGE     STAGE/state.json names the folder, its owner, and the ledger that is wanted, if one is
# It runs once in a stack's life, so that a volume that has lost its ledger is not taken for a new one.
set -euo pipefail

fail() {
  echo "ovth: $1" >&2
  exit 1
}

fact() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$1/state.json" "$2"; }

# The id of a ledger that was put there without the file that names it. Its write-ahead log is not looked at.
id_in() {
  python3 -c '
import sqlite3, sys
print(sqlite3.connect("file:" + sys.argv[1] + "?immutable=1", uri=True).execute("select id from epoch").fetchone()[0])
' "$1" 2>/dev/null || true
}

stage=$1
folder=$(fact "$stage" folder)
user=$(fact "$stage" user)
wanted=$(fact "$stage" wanted)

found=$(cat "$folder/ledger.epoch" "$folder/ledger.begin" 2>/dev/null | head -n 1) || true
[ -n "$found" ] || [ ! -s "$folder/ledger.db" ] || found=$(id_in "$folder/ledger.db")
if [ -s "$folder/ledger.db" ] && [ -n "$wanted" ] && [ "$wanted" != "$found" ]; then
  fail "ovth:data.ledger: names the ledger $wanted, and the data volume holds $found; take the setting out, or move $folder/ledger.db and ledger.epoch away"
elif [ -n "$wanted" ]; then
  echo "$wanted"
elif [ -n "$found" ]; then
  echo "$found"
else
  id=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  install -d -m 700 -o "$user" -g "$user" "$folder"
  printf '%s\n' "$id" >"$folder/.begin"
  chown "$user:$user" "$folder/.begin"
  mv "$folder/.begin" "$folder/ledger.begin"
  echo "$id"
fi
