# Releases and fronts: which ones serve, and the end of the others.

# The release that the front sends requests to; empty before the first. The front's own file says it: the link `current`
# is set later, and an update may have been cut off in between.
live_release() { sed -n 's/.*reverse_proxy gateway-\([0-9a-f]*\):.*/\1/p' "$home/front/caddy/Caddyfile" 2>/dev/null || true; }

# The slot of the front that ports 80 and 443 lead to; empty before the first.
live_slot() { [ ! -f "$home/front/compose.yaml" ] || basename "$(readlink "$home/front")"; }

up() { [ "$(docker inspect -f '{{.State.Running}}' "$1" 2>/dev/null)" = true ]; }

remove_release() {
  docker compose --project-name "ovth-$1" --file "$home/releases/$1/compose.yaml" down --timeout 30 || docker rm -f "ovth-gateway-$1"
  rm -rf "$home/releases/${1:?}"
}

remove_front() {
  docker rm -f "ovth-front-$1"
  rm -rf "$home/fronts/${1:?}"
}

# has_clients CONTAINER: is a connection to its port 80 or 443 open, or being opened?
has_clients() {
  local pid
  pid=$(docker inspect -f '{{.State.Pid}}' "$1") || return 1
  cat "/proc/$pid/net/tcp" "/proc/$pid/net/tcp6" 2>/dev/null |
    awk '$2 ~ /:(0050|01BB)$/ && ($4 == "01" || $4 == "03") { found = 1 } END { exit !found }'
}

# Is the time of this retirement over?
due() { [ "$SECONDS" -ge "$deadline" ] || [ -e "$home/fronts/$slot/hurry" ]; }

# retire SLOT RELEASE SECONDS: ends a front, and the release that only it sends requests to ('' when it goes on serving),
# when the last stream is over and at the latest after SECONDS. Runs in the background, and no restart brings it back.
retire() {
  local slot=$1 old=$2 deadline=$(($3)) front=ovth-front-$1 told pid
  SECONDS=0
  # Ports 80 and 443 lead elsewhere by now. Clients that keep their connection alive are told to go by their next answer;
  # a connection that has none for 2 minutes is closed in any case.
  docker exec "$front" touch "$leaving_file"
  told=$((deadline < 125 ? deadline : 125))
  while up "$front" && [ "$SECONDS" -lt "$told" ] && ! due && { [ "$SECONDS" -lt 3 ] || has_clients "$front"; }; do sleep 1; done
  # From here on it closes every connection that has no request, and ends when the last stream does.
  pid=$(docker inspect -f '{{.State.Pid}}' "$front")
  [ "${pid:-0}" -le 1 ] || kill -TERM "$pid"
  while up "$front" && ! due; do sleep 1; done
  (
    flock 9
    # An update may have gone back to this release.
    [ -z "$old" ] || [ ! -e "$home/releases/$old/retiring" ] || remove_release "$old"
    remove_front "$slot"
  ) 9>/run/lock/ovth-apply.lock
}

# What the background needs of this script, as a script of its own.
write_retire() {
  {
    printf '#!/usr/bin/env bash\n# Written by the apply script: retire SLOT RELEASE SECONDS\nhome=%q\nleaving_file=%q\n' "$home" "$leaving_file"
    declare -f up remove_release remove_front has_clients due retire
    printf 'retire "$@"\n'
  } >"$home/retire.new"
  mv "$home/retire.new" "$home/retire"
}

# Neither comes back after a crash or a reboot.
mark_release() {
  touch "$home/releases/$1/retiring"
  docker update --restart no "ovth-gateway-$1" >/dev/null 2>&1 || true
}

# The desired release may be the one that has been retiring: it goes on.
keep_release() {
  [ -e "$home/releases/$release/retiring" ] || return 0
  undo+=("mark_release $release")
  rm -f "$home/releases/$release/retiring"
  docker update --restart always "ovth-gateway-$release" >/dev/null
}

# begin_retiring SLOT RELEASE SECONDS
begin_retiring() {
  local unit=ovth-retire-$1
  touch "$home/fronts/$1/retiring"
  docker update --restart no "ovth-front-$1" >/dev/null 2>&1 || true
  [ -z "$2" ] || mark_release "$2"
  systemctl reset-failed "$unit" >/dev/null 2>&1 || true
  systemd-run --quiet --collect --unit "$unit" --description 'End what served before' \
    /bin/bash "$home/retire" "$1" "$2" "$3" 9>&- || fail "systemd cannot end the front of before; look at journalctl -u $unit on the server"
}

# Containers whose folder is gone: it was removed by hand.
remove_strays() {
  local name
  docker ps --all --filter name=^ovth-front- --filter name=^ovth-gateway- --format '{{.Names}}' | while read -r name; do
    case $name in
      ovth-front-*) [ -d "$home/fronts/${name#ovth-front-}" ] ;;
      *) [ -d "$home/releases/${name#ovth-gateway-}" ] ;;
    esac || docker rm -f "$name"
  done
}

# Everything that does not serve any more ends: what served until now in its own time, what was already retiring within
# 30 s, and what is not running at once.
retire_others() {
  local live slot old other pairs=''
  live=$(live_slot)
  ln -sfn "releases/$release" "$home/current.new" && mv -T "$home/current.new" "$home/current"
  write_retire
  for slot in "$home"/fronts/*/; do
    slot=$(basename "$slot")
    [ "$slot" != "$live" ] || continue
    old=$(sed -n 's/.*reverse_proxy gateway-\([0-9a-f]*\):.*/\1/p' "$home/fronts/$slot/caddy/Caddyfile" 2>/dev/null) || true
    [ "$old" != "$release" ] && [ -d "$home/releases/$old" ] || old=''
    pairs+=" $old"
    if ! up "ovth-front-$slot"; then
      remove_front "$slot" >/dev/null 2>&1 || true
      pairs=${pairs% "$old"}
    elif [ -e "$home/fronts/$slot/retiring" ]; then
      phase hurry
      touch "$home/fronts/$slot/hurry"
      systemctl is-active --quiet "ovth-retire-$slot" || begin_retiring "$slot" "$old" 0
    else
      phase retire
      begin_retiring "$slot" "$old" "$retire_seconds"
    fi
  done
  for other in "$home"/releases/*/; do
    other=$(basename "$other")
    [ "$other" = "$release" ] || [[ " $pairs " == *" $other "* ]] || remove_release "$other" >/dev/null 2>&1 || true
  done
  remove_strays >/dev/null 2>&1 || true
}
