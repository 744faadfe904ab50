# The gateway: a new configuration for the one that runs, or other code beside it.

running() { [ "$(docker inspect -f '{{.State.Running}} {{.State.Restarting}}' "ovth-gateway-$1" 2>/dev/null)" = 'true false' ]; }

ready_answer() {
  local address
  address=$(docker inspect -f "{{(index .NetworkSettings.Networks \"$network\").IPAddress}}" "ovth-gateway-$release" 2>/dev/null) &&
    [ -n "$address" ] && curl -fsS --max-time 2 "http://$address:$port/readyz" 2>/dev/null
}

restart_count() { docker inspect -f '{{.RestartCount}}' "ovth-gateway-$release" 2>/dev/null || echo 0; }

# await_config SECONDS: until the release is ready with exactly the desired configuration, and shows the desired count
await_config() {
  local deadline=$((SECONDS + $1)) restarts answer
  restarts=$(restart_count)
  while :; do
    answer=$(ready_answer) && [[ $answer == *"\"config\":\"$digest\""* && $answer == *"\"repairs\":$repairs"[,\}]* ]] && return 0
    [ "$(restart_count)" -lt $((restarts + 3)) ] || return 1
    [ "$SECONDS" -lt "$deadline" ] || return 1
    sleep 0.2
  done
}

# put_config FROM TO: replaces each file in one step; the gateway reads the last two when it reloads
put_config() {
  local name
  install -d -m 700 -o "$user" -g "$user" "$2"
  for name in deploy.json secrets.env config.yaml; do
    [ -f "$1/$name" ] || continue
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
  cp -p "$home/releases/$release/config/"*.* "$stage/old/"
  undo+=(restore_config)
}

# The same code with another configuration: no container is started and no request is dropped.
change_config() {
  phase reload
  keep_config
  put_config "$stage/release/config" "$home/releases/$release/config"
  install -m 600 "$stage/release/compose.yaml" "$home/releases/$release/compose.yaml"
  reread
  await_config 15 || {
    last_lines "ovth-gateway-$release" "$stage/last.log"
    fail 'the running gateway did not take the new configuration; the old one goes on. Its last lines:' "$stage/last.log"
  }
}

# Other code, or a gateway that is not up: it is started beside the release that serves now.
start_release() {
  local place=$home/releases/$release
  phase start
  rm -f "$place/retiring"
  if [ "$(live_release)" = "$release" ]; then keep_config; else undo+=("remove_release $release"); fi
  put_config "$stage/release/config" "$place/config"
  install -m 600 "$stage/release/compose.yaml" "$place/compose.yaml"
  docker compose --file "$place/compose.yaml" up --detach --force-recreate >"$stage/up.log" 2>&1 ||
    fail 'the new gateway does not start; what ran before goes on. Docker says:' "$stage/up.log"
  await_config 60 || {
    last_lines "ovth-gateway-$release" "$stage/last.log"
    fail 'the new gateway did not become healthy; what ran before goes on. Its last lines:' "$stage/last.log"
  }
}
