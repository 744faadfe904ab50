# The front: Caddy, its configuration and its certificate. Any change starts another front beside the one that serves.

# same_front SLOT: is it made from the desired files, and not retiring?
same_front() { [ -n "$1" ] && diff -r --exclude .env "$stage/front" "$home/fronts/$1" >/dev/null 2>&1; }

free_slot() {
  local slot
  for slot in 1 2 3 4 5 6 7 8 9; do
    [ -e "$home/fronts/$slot" ] || docker inspect "ovth-front-$slot" >/dev/null 2>&1 || {
      echo "$slot"
      return
    }
  done
  return 1
}

# write_address SLOT FOLDER: what Compose and the rules know of a front
write_address() { printf 'SLOT=%s\nADDRESS=%s\n' "$1" "$(front_address "$1")" >"$2/.env"; }

put_front() {
  local place=$home/fronts/$1
  rm -rf "$place.new"
  install -d -m 755 "$place.new" "$place.new/caddy"
  install -m 644 "$stage"/front/caddy/* "$place.new/caddy/"
  install -m 600 "$stage/front/compose.yaml" "$place.new/"
  write_address "$1" "$place.new"
  mv -T "$place.new" "$place"
}

start_front() {
  docker compose --file "$home/fronts/$1/compose.yaml" up --detach --force-recreate >"$stage/up.log" 2>&1 ||
    fail 'Caddy does not start. Docker says:' "$stage/up.log"
}

# ask_front SLOT: an answer of any kind over TLS; 35 when there is no certificate yet
ask_front() { curl -sk --max-time 2 -o /dev/null --connect-to "::$(front_address "$1"):443" "https://$host/livez"; }

# await_front SLOT LIVE: until it listens. Where the front that serves has a certificate for this site, this one loads it from
# the disk at once; after 10 s it is one that is yet to be had (of another authority), for which it has to be reachable.
await_front() {
  local began=$SECONDS deadline=$((SECONDS + 20)) code patience=0
  [ -z "$2" ] || ! ask_front "$2" || patience=10
  until code=0 && { ask_front "$1" || code=$?; } &&
    { [ "$code" = 0 ] || { [ "$code" = 35 ] && [ $((SECONDS - began)) -ge "$patience" ]; }; }; do
    [ "$SECONDS" -lt "$deadline" ] || return 1
    sleep 0.2
  done
}

must_serve() {
  await_front "$1" "$2" || {
    last_lines "ovth-front-$1" "$stage/last.log"
    fail 'Caddy did not begin to serve with the new TLS configuration; what ran before goes on. Its last lines:' "$stage/last.log"
  }
}

# A front that published its ports itself stands in the way of what replaces it.
remove_publishing_front() {
  [ -d "$home/front" ] && [ ! -L "$home/front" ] || return 0
  docker rm -f ovth-front >/dev/null 2>&1 || true
  rm -rf "$home/front"
}

# The files are as they should be: one that does not run, or that runs and takes no connection, is started anew in its place.
keep_front() {
  write_address "$1" "$home/fronts/$1"
  lead_to "$1"
  if ! up "ovth-front-$1" || ! await_front "$1" ''; then
    start_front "$1"
    must_serve "$1" ''
  fi
}

# replace_front LIVE
replace_front() {
  local slot
  slot=$(free_slot) ||
    fail 'nine fronts run on this server, eight of which should have ended; look at "docker ps" there'
  put_front "$slot"
  undo+=("remove_front $slot")
  [ -z "$1" ] || undo+=("lead_to $1")
  if [ -n "$1" ] && up "ovth-front-$1"; then
    start_front "$slot"
    must_serve "$slot" "$1"
    lead_to "$slot"
  else
    # Nobody serves: the certificate authority has to find the new one at once.
    lead_to "$slot"
    start_front "$slot"
    must_serve "$slot" ''
  fi
}

switch_front() {
  local live
  phase switch
  live=$(live_slot)
  [ -z "$live" ] || cp -rp "$home/fronts/$live" "$stage/old-front"
  remove_publishing_front
  write_lead
  write_units
  if same_front "$live"; then keep_front "$live"; else replace_front "$live"; fi
  open_door
}
