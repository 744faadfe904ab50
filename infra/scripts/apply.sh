#!/usr/bin/env bash
# Brings a box to the state described in STAGE/state.json, or leaves it as it was and says why.
#   apply.sh STAGE     STAGE is a private folder; state.json is written by infra/render/desiredState.ts
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
  : "${bundle_sha256:?}" "${bundle_in_build:?}" "${node_image:?}" "${front_image:?}" "${admin_socket:?}" "${site:?}"
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

# --- the host

prepare_host() {
  mountpoint -q "$data" || mount "$data" || fail "the data volume is not mounted at $data; is it attached to the server?"
  # Online, and a no-op when the file system fills the volume.
  resize2fs "$(findmnt -no SOURCE "$data")" >/dev/null 2>&1 || true
  mkdir -p "$home/releases" "$home/front/caddy" "$data/gateway" "$data/caddy"
  chown "$user:$user" "$data/gateway" "$data/caddy"
  chmod 755 "$home/front/caddy"
  docker network inspect "$network" >/dev/null 2>&1 || docker network create "$network" >/dev/null
  install -d -m 700 /root/.ssh
  printf '%s' "${authorized_keys:-}" >/root/.ssh/authorized_keys_ovth.new
  mv /root/.ssh/authorized_keys_ovth.new /root/.ssh/authorized_keys_ovth
}

build_image() {
  docker image inspect "$image" >/dev/null 2>&1 && return
  echo "$bundle_sha256  $bundle" | sha256sum --check --status ||
    fail 'the shipped code is not complete on the server; run "pulumi up" again'
  # The shipped file is passed in place of the Dockerfile's build stage.
  install -D -m 444 "$bundle" "$stage/build/$bundle_in_build"
  timeout 600 docker buildx build --load --progress plain --target runtime --build-context "build=$stage/build" \
    --build-arg "NODE_IMAGE=$node_image" --tag "$image" --file "$stage/release/Dockerfile" "$stage/build" >"$stage/build.log" 2>&1 || {
    tail -n 20 "$stage/build.log" | cut -c 1-400 | sed 's/^/    /' >&2
    fail "the gateway's image could not be built from $node_image (see above); what ran before goes on"
  }
}

# --- checks, before anything is changed

# One-off containers get no network, no rights and no way to write.
once() { timeout 60 docker run --rm --network none --read-only --user "$user:$user" "$@"; }

check_config() {
  local said
  chown -R "$user:$user" "$stage/release/config"
  # The running gateway has accepted these files.
  cmp -s "$stage/release/config/config.yaml" "$home/releases/$release/config/config.yaml" &&
    cmp -s "$stage/release/config/secrets.env" "$home/releases/$release/config/secrets.env" && return
  said=$(once --cap-drop ALL --security-opt no-new-privileges -v "$stage/release/config:/etc/ovth:ro" \
    -e OVTH_CONFIG=/etc/ovth/config.yaml --entrypoint node "$image" /app/gateway.js check 2>&1) || {
    printf '%s\n' "$said" | redact | sed 's/^/    /' >&2
    fail 'the gateway refuses the new configuration (see above); what ran before goes on'
  }
}

check_front() {
  local said
  chmod 755 "$stage/front" "$stage/front/caddy" && chmod 644 "$stage"/front/caddy/*
  diff -r "$stage/front" "$home/front" >/dev/null 2>&1 && return
  said=$(once --cap-drop ALL --cap-add NET_BIND_SERVICE --tmpfs "/data:uid=$user" -v "$stage/front/caddy:/etc/caddy:ro" \
    "$front_image" caddy validate --config /etc/caddy/Caddyfile --adapter caddyfile 2>&1) || {
    printf '%s\n' "$said" | tail -n 3 | redact | sed 's/^/    /' >&2
    fail 'Caddy refuses the new TLS configuration (see above); what ran before goes on'
  }
}

# --- the gateway

running() { [ "$(docker inspect -f '{{.State.Running}} {{.State.Restarting}}' "ovth-gateway-$1" 2>/dev/null)" = 'true false' ]; }

ready_answer() {
  local address
  address=$(docker inspect -f "{{(index .NetworkSettings.Networks \"$network\").IPAddress}}" "ovth-gateway-$release" 2>/dev/null) &&
    [ -n "$address" ] && curl -fsS --max-time 2 "http://$address:$port/readyz" 2>/dev/null
}

restart_count() { docker inspect -f '{{.RestartCount}}' "ovth-gateway-$release" 2>/dev/null || echo 0; }

# await_config SECONDS: until the release is ready with exactly the desired configuration
await_config() {
  local deadline=$((SECONDS + $1)) restarts answer
  restarts=$(restart_count)
  while :; do
    answer=$(ready_answer) && [[ $answer == *"\"config\":\"$digest\""* ]] && return 0
    [ "$(restart_count)" -lt $((restarts + 3)) ] || return 1
    [ "$SECONDS" -lt "$deadline" ] || return 1
    sleep 0.2
  done
}

# put_config FROM TO: replaces each file in one step; the gateway reads both when it reloads
put_config() {
  local name
  install -d -m 700 -o "$user" -g "$user" "$2"
  for name in secrets.env config.yaml; do
    install -m 600 -o "$user" -g "$user" "$1/$name" "$2/.$name.new"
    mv -f "$2/.$name.new" "$2/$name"
  done
}

# Process 1 of the container is the gateway, or an init that passes the signal on. Not `docker kill`: after it, whatever
# the signal, Docker takes the container for stopped by hand and does not restart it after a crash (moby, daemon/kill.go).
# A container that is just restarting refuses; the process that starts then reads the new files by itself.
reread() { docker exec "ovth-gateway-$release" sh -c 'kill -HUP 1' >/dev/null 2>&1 || true; }

restore_config() {
  put_config "$stage/old" "$home/releases/$release/config"
  reread
}

keep_config() {
  [ -f "$home/releases/$release/config/config.yaml" ] || return 0
  mkdir -p "$stage/old"
  cp -p "$home/releases/$release/config/"{config.yaml,secrets.env} "$stage/old/"
  undo+=(restore_config)
}

# The same code with another configuration: no container is started and no request is dropped.
change_config() {
  keep_config
  put_config "$stage/release/config" "$home/releases/$release/config"
  reread
  await_config 15 || {
    last_lines "ovth-gateway-$release"
    fail 'the running gateway did not take the new configuration (its last lines are above); the old one goes on'
  }
}

remove_release() {
  docker compose --project-name "ovth-$1" --file "$home/releases/$1/compose.yaml" down --timeout 30 || docker rm -f "ovth-gateway-$1"
  rm -rf "$home/releases/${1:?}"
}

# Other code, or a gateway that is not up: it is started beside the release that serves now.
start_release() {
  local place=$home/releases/$release
  if [ "$(live_release)" = "$release" ]; then keep_config; else undo+=("remove_release $release"); fi
  put_config "$stage/release/config" "$place/config"
  install -m 600 "$stage/release/compose.yaml" "$place/compose.yaml"
  docker compose --file "$place/compose.yaml" up --detach --force-recreate >"$stage/up.log" 2>&1 || {
    tail -n 5 "$stage/up.log" | redact | sed 's/^/    /' >&2
    fail 'the new gateway does not start (see above); what ran before goes on'
  }
  await_config 60 || {
    last_lines "ovth-gateway-$release"
    fail 'the new gateway did not become healthy (its last lines are above); what ran before goes on'
  }
}

# The release that the front sends requests to; empty before the first. The front's own file says it: the link `current`
# is set later, and an update may have been cut off in between.
live_release() { sed -n 's/.*reverse_proxy gateway-\([0-9a-f]*\):.*/\1/p' "$home/front/caddy/Caddyfile" 2>/dev/null || true; }

retire_others() {
  local other
  ln -sfn "releases/$release" "$home/current.new" && mv -T "$home/current.new" "$home/current"
  for other in "$home"/releases/*/; do
    other=$(basename "$other")
    [ "$other" = "$release" ] || remove_release "$other" >/dev/null 2>&1 || true
  done
}

# --- the front

put_front() {
  local file
  for file in "$1"/caddy/*; do
    install -m 644 "$file" "$home/front/caddy/.new"
    mv -f "$home/front/caddy/.new" "$home/front/caddy/$(basename "$file")"
  done
  install -m 600 "$1/compose.yaml" "$home/front/compose.yaml"
}

reload_front() { docker exec ovth-front caddy reload --config /etc/caddy/Caddyfile --adapter caddyfile --address "$admin_socket" 2>&1; }

start_front() { docker compose --file "$home/front/compose.yaml" up --detach 2>&1; }

restore_front() {
  put_front "$stage/old-front"
  start_front
  reload_front
}

switch_front() {
  local same=no said
  cmp -s "$stage/front/compose.yaml" "$home/front/compose.yaml" && same=yes
  if [ -f "$home/front/compose.yaml" ]; then
    cp -rp "$home/front" "$stage/old-front"
    undo+=(restore_front)
  fi
  put_front "$stage/front"
  if [ "$same" = no ] || [ "$(docker inspect -f '{{.State.Running}}' ovth-front 2>/dev/null)" != true ]; then
    said=$(start_front) || fail "Caddy does not start: $(printf '%s' "$said" | tail -n 3)"
  fi
  # Caddy does nothing when the configuration is the same. The call also shows that Caddy answers.
  local deadline=$((SECONDS + 20))
  until said=$(reload_front); do
    [ "$SECONDS" -lt "$deadline" ] || {
      last_lines ovth-front
      fail "Caddy did not take the new TLS configuration: $(printf '%s' "$said" | tail -n 1)"
    }
    sleep 0.3
  done
}

# A certificate for an address needs no DNS record, so this waits for it. One for a name may need a record first.
await_certificate() {
  local deadline=$((SECONDS + 30))
  [ "$site" = address ] || return 0
  until curl -sk --max-time 2 -o /dev/null https://127.0.0.1/livez; do
    [ "$SECONDS" -lt "$deadline" ] || {
      echo 'ovth: there is no certificate yet; Caddy keeps trying (docker logs ovth-front)' >&2
      return 0
    }
    sleep 0.3
  done
}

# What the images' tags stood for when they were pulled; a tag may be moved.
record_digests() {
  local node front
  node=$(grep -oE "${node_image}@sha256:[0-9a-f]{64}" "$stage/build.log" 2>/dev/null | tail -n 1) ||
    node=$(sed -n 's/^node //p' "$home/digests" 2>/dev/null) || true # it was not built this time
  front=$(docker image inspect --format '{{join .RepoDigests " "}}' "$front_image" 2>/dev/null) || true
  printf 'node %s\nfront %s\n' "$node" "$front" >"$home/digests.new"
  mv "$home/digests.new" "$home/digests"
}

prune() {
  find "$(dirname "$bundle")" -type f ! -path "$bundle" -delete
  # The last three stay, so that going back to one of them needs no build.
  docker image ls ovth-gateway --format '{{.Repository}}:{{.Tag}}' | tail -n +4 | while read -r old; do
    [ "$old" = "$image" ] || docker image rm "$old" >/dev/null 2>&1 || true
  done
}

exec 9>/run/lock/ovth-apply.lock
flock --wait 300 9 || fail 'another update of this server has been running for 5 minutes; wait for it, then run "pulumi up" again'
unpack
prepare_host
build_image
check_config
check_front
if [ "$(live_release)" = "$release" ] && running "$release" && ready_answer >/dev/null; then
  change_config
else
  start_release
fi
switch_front
undo=()
retire_others
await_certificate
record_digests
prune
echo "ovth: release $release serves configuration $digest"
