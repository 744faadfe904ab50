#!/usr/bin/env bash
# Prepares a box, new or standing: waits for its first boot, brings the host to what infra/render/hostFiles.ts and the
# settings say, and says what it changed and what is missing. The parts in this folder are joined to one script
# (infra/scripts/index.ts).
#   bootstrap STAGE     STAGE is a private folder; state.json is written by infra/render/bootstrapState.ts
# Every step checks before it acts: on a box that is as it should be, nothing is changed and nothing is said.
set -euo pipefail
umask 077

stage=$1

# What programs print is no news; the last of it stands after the sentence of a failure.
exec 3>&2 4>&1 >"$stage/output" 2>&1

# phase NAME: what begins now; infra/preflight/phases.ts reads it meanwhile and knows the names
phase() { echo "$(date +%s) $1" >>/run/ovth-phases; }

fail() {
  echo "ovth: $1" >&3
  tail -n 10 "$stage/output" | cut -c 1-300 | sed 's/^/    /' >&3
  exit 1
}

# What was changed, for the operator. Nothing that this script reads is secret.
changed() { echo "ovth: changed on the server: $1" >&4; }

# What is not as it should be, and does not stop the update.
warn() { echo "ovth: warning: $1" >&4; }

# Writes the files to STAGE/files, and the facts to shell variables.
unpack() {
  python3 - "$stage" <<'PYTHON' || fail 'the state of the host cannot be read'
import json, os, shlex, sys
stage = sys.argv[1]
state = json.load(open(stage + "/state.json"))
for path, text in state["files"].items():
    place = stage + "/files" + path
    os.makedirs(os.path.dirname(place), exist_ok=True)
    with open(place, "w") as file:
        file.write(text)
with open(stage + "/facts", "w") as file:
    for name, value in state["facts"].items():
        file.write("%s=%s\n" % (name, shlex.quote(str(value))))
PYTHON
  # shellcheck source=/dev/null
  . "$stage/facts"
  : "${device:?}" "${mount:?}" "${mount_options:?}" "${packages:?}" "${bundles:?}" "${metadata:?}" "${reboot_window?}"
  : "${deploy_key:?}" "${retired_key?}"
}
