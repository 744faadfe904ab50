# The ledger: that it is there, whose it is, and how it comes back from its backup.

# Nothing is begun anew where this stack has had a ledger: no key would be known, and nothing would count as spent.
check_ledger() {
  local place=$data/gateway found anew
  [ -z "$restore" ] || return 0
  found=$(cat "$place/ledger.epoch" 2>/dev/null) || true
  if [ -s "$place/ledger.db" ]; then
    [ -z "$found" ] || [ "$found" = "$ledger" ] ||
      fail "the data volume holds the ledger $found, and this stack's is $ledger: attach the right volume, or set ovth:data.ledger to $found"
    return 0
  fi
  [ "$(cat "$place/ledger.begin" 2>/dev/null)" != "$ledger" ] || return 0
  anew="To begin a new one, in which no minted key works and nothing is spent: pulumi up --target-replace '**ovth-ledger', then pulumi up"
  [ -z "$backup" ] ||
    fail "the data volume holds no ledger, and this stack has one ($ledger). To bring it back from its backup: npm run restore. $anew"
  fail "the data volume holds no ledger, and this stack has one ($ledger) without ovth:backup. Put a copy of it at $place/ledger.db. $anew"
}

# What the folder holds of a ledger is moved away, not removed.
put_ledger_aside() {
  local name
  aside=$data/gateway/before-restore-$(date -u +%Y%m%dT%H%M%SZ)
  for name in ledger.db ledger.db-wal ledger.db-shm ledger.epoch ledger.begin .ledger.db-litestream instances; do
    [ -e "$data/gateway/$name" ] || continue
    install -d -m 700 -o "$user" -g "$user" "$aside"
    mv "$data/gateway/$name" "$aside/"
  done
}

put_ledger_back() {
  local name
  rm -rf "$data"/gateway/ledger.db.restored*
  if [ -d "${aside:-}" ]; then
    rm -rf "$data"/gateway/ledger.db* "$data/gateway/ledger.epoch" "$data/gateway/instances"
    for name in "$aside"/* "$aside"/.ledger*; do [ ! -e "$name" ] || mv "$name" "$data/gateway/"; done
    rmdir "$aside"
  fi
  compose_all up --detach
}

# compose_all ARGUMENTS…: with every project that has the ledger open. Not `docker stop`: see `reread` in gateway.sh. What
# was retiring is ended with the others, and not started again.
compose_all() {
  local file code=0
  for file in "$home"/releases/*/compose.yaml "$home/backup/compose.yaml"; do
    [ -f "$file" ] || continue
    [ "$1" != up ] || [ ! -e "$(dirname "$file")/retiring" ] || continue
    docker compose --file "$file" "$@" || code=1
  done
  return "$code"
}

# Whoever asks for it names the moment: this update alone may put another ledger in the place of what is there.
restore_ledger() {
  local at=()
  [ -n "$restore" ] || return 0
  [ -n "$backup" ] || fail 'there is no backup to restore from: ovth:backup is not set'
  [ "$restore" = latest ] || at=(-timestamp "$restore")
  phase restore
  undo+=(put_ledger_back)
  # The gateway before the copy, so that the copy has its last rows.
  compose_all down --timeout 40 >"$stage/down.log" 2>&1 ||
    fail "what has the ledger open does not end: $(tail -n 1 "$stage/down.log")"
  put_ledger_aside
  litestream --volume "$data/gateway:/data" "$litestream_image" restore -config /etc/litestream/litestream.yml -no-expand-env \
    "${at[@]}" -o /data/ledger.db.restored /data/ledger.db >"$stage/restore.log" 2>&1 ||
    fail "the backup of the ledger $ledger could not be fetched; what was there is there again. Litestream says:" "$stage/restore.log"
  timeout 600 docker run --rm --network none --read-only --user "$user:$user" --cap-drop ALL \
    --security-opt no-new-privileges -v "$data/gateway:/data" -e OVTH_DATA=/data --entrypoint node "$image" \
    /app/gateway.js restore --file /data/ledger.db.restored --ledger "$ledger" >"$stage/sound.log" 2>&1 ||
    fail 'the backup is no sound ledger; what was there is there again. It says:' "$stage/sound.log"
  sed 's/^/ovth restore: /' "$stage/sound.log" >&4
}
