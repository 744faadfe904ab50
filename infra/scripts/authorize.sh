#!/usr/bin/env bash
# Lets the program's next key in, beside the one that it came with.
#   authorize.sh STAGE     STAGE/state.json holds the public key
set -euo pipefail

key=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["key"])' "$1/state.json")
file=/root/.ssh/authorized_keys
install -d -m 700 /root/.ssh
touch "$file"
grep -qF "$key" "$file" && exit 0
# The last line may have no end.
{ cat "$file" && printf '\n%s\n' "$key"; } >"$file.new"
chmod 600 "$file.new"
mv "$file.new" "$file"
