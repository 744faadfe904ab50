# The front: Caddy, its configuration and its certificate. Any change starts another front beside the one that serves.

# same_front SLOT: is it made from the desired files?
same_front() {
  [ -n "$1" ] && diff -r --exclude .env --exclude retiring --exclude hurry "$stage/front" "$home/fronts/$1" >/dev/null 2>&1
}

free_slot() {
  local slot
  for slot in 1 2 3 4 5 6 7 8 9; do
    [ -e "$home/fronts/$slot" ] || docker inspect "ovth-front-$slot" >/dev/null 2>&1 || {
      echo "$slot"
      return
    }
  done
  fail 'nine fronts run on this server, eight of which should have ended; look at "docker ps" there'
}

put_front() {
  local place=$home/fronts/$1
  rm -rf "$place.new"
  install -d -m 755 "$place.new" "$place.new/caddy"
  install -m 644 "$stage"/front/caddy/* "$place.new/caddy/"
  install -m 600 "$stage/front/compose.yaml" "$place.new/"
  printf 'SLOT=%s\nADDRESS=%s\n' "$1" "$(front_address "$1")" >"$place.new/.env"
  mv -T "$place.new" "$place"
}

start_front() {
  local said
  said=$(docker compose --file "$home/fronts/$1/compose.yaml" up --detach 2>&1) ||
    fail "Caddy does not start: $(printf '%s' "$said" | tail -n 3)"
}

# ask_front SLOT: an answer of any kind over TLS; 35 when there is no certificate yet
ask_front() { curl -sk --max-time 2 -o /dev/null --connect-to "::$(front_address "$1"):443" "https://$site_host/livez"; }

# await_front SLOT LIVE: until it listens. Where the front that serves has a certificate for this site, this one loads it from
# the disk at once; after 10 s it is one that is yet to be had (of another authority), for which it has to be reachable.
await_front() {
  local began=$SECONDS deadline=$((SECONDS + 20)) code patience=0
  [ -z "$2" ] || ! ask_front "$2" || patience=10
  until code=0 && { ask_front "$1" || code=$?; } &&
    { [ "$code" = 0 ] || { [ "$code" = 35 ] && [ $((SECONDS - began)) -ge "$patience" ]; }; }; do
    [ "$SECONDS" -lt "$deadline" ] || {
      last_lines "ovth-front-$1"
      fail 'Caddy did not begin to serve with the new TLS configuration (its last lines are above); what ran before goes on'
    }
    sleep 0.2
  done
}

# A front that published its ports itself stands in the way of what replaces it.
remove_publishing_front() {
  [ -d "$home/front" ] && [ ! -L "$home/front" ] || return 0
  echo 'ovth: the front of an older program is replaced; its open connections end, this once'
  docker rm -f ovth-front >/dev/null 2>&1 || true
  rm -rf "$home/front"
}

switch_front() {
  local live slot
  remove_publishing_front
  live=$(live_slot)
  write_lead
  write_units
  if same_front "$live"; then
    up "ovth-front-$live" || start_front "$live"
    lead_to "$live"
  else
    slot=$(free_slot)
    put_front "$slot"
    undo+=("remove_front $slot")
    [ -z "$live" ] || undo+=("lead_to $live")
    if [ -n "$live" ] && up "ovth-front-$live"; then
      start_front "$slot"
      await_front "$slot" "$live"
      lead_to "$slot"
    else
      # Nobody serves: the certificate authority has to find the new one at once.
      lead_to "$slot"
      start_front "$slot"
      await_front "$slot" ''
    fi
  fi
  open_door
}

# A certificate for an address needs no DNS record, so this waits for it. One for a name may need a record first.
await_certificate() {
  local deadline=$((SECONDS + 30))
  [ "$site" = address ] || return 0
  until ask_front "$(live_slot)"; do
    [ "$SECONDS" -lt "$deadline" ] || {
      echo "ovth: there is no certificate yet; Caddy keeps trying (docker logs ovth-front-$(live_slot))" >&2
      return 0
    }
    sleep 0.3
  done
}
