# Checks, before anything is changed.

# One-off containers get no network, no rights and no way to write.
once() { timeout 60 docker run --rm --network none --read-only --user "$user:$user" "$@"; }

check_config() {
  chown -R "$user:$user" "$stage/release/config"
  # The running gateway has accepted these files.
  cmp -s "$stage/release/config/config.yaml" "$home/releases/$release/config/config.yaml" &&
    cmp -s "$stage/release/config/secrets.env" "$home/releases/$release/config/secrets.env" && return
  once --cap-drop ALL --security-opt no-new-privileges -v "$stage/release/config:/etc/ovth:ro" \
    -e OVTH_CONFIG=/etc/ovth/config.yaml --entrypoint node "$image" /app/gateway.js check >"$stage/check.log" 2>&1 ||
    fail 'the gateway refuses the new configuration; what ran before goes on. It says:' "$stage/check.log"
}

check_front() {
  chmod 755 "$stage/front" "$stage/front/caddy" && chmod 644 "$stage"/front/caddy/*
  same_front "$(live_slot)" && return
  await_fetched
  once --cap-drop ALL --cap-add NET_BIND_SERVICE --tmpfs "/data:uid=$user" -v "$stage/front/caddy:/etc/caddy:ro" \
    "$front_image" caddy validate --config /etc/caddy/Caddyfile --adapter caddyfile >"$stage/check.log" 2>&1 || {
    tail -n 3 "$stage/check.log" >"$stage/last.log"
    fail 'Caddy refuses the new TLS configuration; what ran before goes on. It says:' "$stage/last.log"
  }
}
