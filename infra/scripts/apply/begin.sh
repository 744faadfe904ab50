#!/usr/bin/env bash
# Brings a box to the state described in STAGE/state.json, or leaves it as it was and says why.
# The parts in this folder are joined to one script (infra/scripts/index.ts).
#   apply STAGE     STAGE is a private folder; state.json is written by infra/render/desiredState.ts
# Every step checks before it acts: running it again, also after an interruption at any point, ends in the same state.
set -euo pipefail
umask 077

stage=$1
undo=()

fail() {
  echo "ovth: $1" >&2
  exit 1
}

finish() {
  local code=$? i
  trap - EXIT
  if [ "$code" -ne 0 ]; then
    for ((i = ${#undo[@]} - 1; i >= 0; i--)); do ${undo[i]} >/dev/null 2>&1 || true; done
  fi
  exit "$code"
}
trap finish EXIT

# Writes the files to STAGE/release and STAGE/front, and the facts to shell variables. Prints nothing.
unpack() {
  python3 - "$stage" <<'PYTHON' || fail 'the desired state cannot be read'
import json, os, shlex, sys
stage = sys.argv[1]
state = json.load(open(stage + "/state.json"))
for group in ("release", "front"):
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
  : "${bundle_sha256:?}" "${bundle_in_build:?}" "${node_image:?}" "${front_image:?}" "${site:?}" "${site_host:?}"
  : "${subnet:?}" "${dynamic_range:?}" "${leaving_file:?}" "${retire_seconds:?}" "${disk_percent:?}" "${build_mb:?}"
}

# Replaces every secret value of the new configuration, and whatever looks like a key, by [secret].
redact() {
  python3 -c '
import re, sys
text = sys.stdin.read()
for line in open(sys.argv[1]):
    value = line.rstrip("\n").partition("=")[2][1:-1]
    if len(value) >= 6:
        text = text.replace(value, "[secret]")
print(re.sub(r"(sk-|AIza|ovth_)[\w-]{8,}", "[secret]", text), end="")
' "$stage/release/config/secrets.env"
}

last_lines() { docker logs --tail 30 "$1" 2>&1 | redact | cut -c 1-400 | sed 's/^/    /' >&2 || true; }
