# The front: Caddy, its configuration and its certificate.

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
  phase switch
  if [ "$same" = no ] || [ "$(docker inspect -f '{{.State.Running}}' ovth-front 2>/dev/null)" != true ]; then
    start_front >"$stage/up.log" || fail 'Caddy does not start. Docker says:' "$stage/up.log"
  fi
  # Caddy does nothing when the configuration is the same. The call also shows that Caddy answers.
  local deadline=$((SECONDS + 20))
  until said=$(reload_front); do
    [ "$SECONDS" -lt "$deadline" ] || {
      last_lines ovth-front "$stage/last.log"
      fail "Caddy did not take the new TLS configuration ($(printf '%s' "$said" | tail -n 1 | redact | cut -c 1-300)). Its last lines:" "$stage/last.log"
    }
    sleep 0.3
  done
}
