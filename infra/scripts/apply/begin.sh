#!/usr/bin/env bash
# Brings a box to the state described in STAGE/state.json, or leaves it as it was and says why.
# The parts in this folder are joined to one script (infra/scripts/index.ts).
#   apply STAGE     STAGE is a private folder; state.json is written by infra/render/desiredState.ts
# Every step checks before it acts: running it again, also after an interruption at any point, ends in the same state.
set -euo pipefail
umask 077

stage=$1
begun=$(date +%s)
undo=()
# The process that fetches an image meanwhile.
fetching=''
told=no

# Only fail writes to what Pulumi shows, and only what is redacted. Whatever else a program prints stays in the stage.
# What the program of infra/components reads of an update that has ended well goes to 4.
exec 3>&2 4>&1 >"$stage/output" 2>&1

# fail SENTENCE [FILE]: ends with the sentence, then the last lines of the file without stack traces
fail() {
  told=yes
  echo "ovth: $1" >&3
  [ $# -lt 2 ] || grep -vE '^ +at |^ *$' "$2" | tail -n 10 | redact | cut -c 1-300 | sed 's/^/    /' >&3 || true
  exit 1
}

# phase NAME: what begins now; infra/preflight/phases.ts reads it meanwhile and knows the names
phase() { echo "$(date +%s) $1" >>/run/ovth-phases; }

finish() {
  local code=$? i
  trap - EXIT
  [ -z "$fetching" ] || kill "$fetching" 2>/dev/null || true
  [ "$code" -eq 0 ] || [ "$told" = yes ] || (fail "the update stopped with $code where nothing was expected; what ran before goes on. Last lines:" "$stage/output") || true
  if [ "$code" -ne 0 ]; then
    for ((i = ${#undo[@]} - 1; i >= 0; i--)); do ${undo[i]} >/dev/null 2>&1 || true; done
  fi
  exit "$code"
}
trap finish EXIT

# Writes the files to STAGE/release, STAGE/front and STAGE/backup, and the facts to shell variables. Prints nothing.
unpack() {
  python3 - "$stage" <<'PYTHON' || fail 'the desired state cannot be read'
import json, os, shlex, sys
stage = sys.argv[1]
state = json.load(open(stage + "/state.json"))
for group in state["files"]:
    for path, text in state["files"][group].items():
        place = os.path.join(stage, group, path)
        os.makedirs(os.path.dirname(place), exist_ok=True)
        with open(place, "w") as file:
            file.write(text)
with open(stage + "/facts", "w") as file:
    for name, value in state["facts"].items():
        file.write("%s=%s\n" % (name, shlex.quote(str(value))))
PYTHON
  # shellcheck source=/dev/null
  . "$stage/facts"
  : "${home:?}" "${data:?}" "${user:?}" "${network:?}" "${release:?}" "${image:?}" "${digest:?}" "${bundle:?}" "${port:?}"
  : "${bundle_sha256:?}" "${bundle_in_build:?}" "${node_image:?}" "${front_image:?}" "${admin_socket:?}" "${site:?}"
  : "${subnet:?}" "${dynamic_range:?}" "${leaving_file:?}" "${retire_seconds:?}" "${build_mb:?}"
  : "${host:?}" "${address:?}" "${certificate_seconds:?}" "${repairs:?}"
  : "${ledger:?}" "${backup?}" "${restore?}" "${litestream_image:?}" "${backup_socket:?}"
}

# Replaces every secret value of the new configuration, and whatever looks like a key, by [secret].
redact() {
  local secrets=("$stage/release/config/secrets.env")
  [ ! -f "$stage/backup/config/litestream.yml" ] || secrets+=("$stage/backup/config/litestream.yml")
  python3 -c '
import json, re, sys
text = sys.stdin.read()
values = [line.rstrip("\n").partition("=")[2][1:-1] for line in open(sys.argv[1])]
for path in sys.argv[2:]:
    values += [value for name, value in json.load(open(path))["dbs"][0]["replica"].items() if "key" in name]
for value in values:
    if len(value) >= 6:
        text = text.replace(value, "[secret]")
print(re.sub(r"(sk-|AIza|ovth_)[\w-]{8,}", "[secret]", text), end="")
' "${secrets[@]}"
}

# last_lines CONTAINER FILE: what its process has said since it was last started
last_lines() {
  local since
  since=$(docker inspect -f '{{.State.StartedAt}}' "$1" 2>/dev/null) || true
  docker logs --since "${since:-1h}" --tail 30 "$1" >"$2" 2>&1 || true
  [ -s "$2" ] || docker logs --tail 30 "$1" >"$2" 2>&1 || true
}
