# The ledger's continuous copy: one container with Litestream, beside the gateway.

# litestream DOCKER-ARGUMENTS… IMAGE ARGUMENTS…: one run of it, with the new configuration
litestream() {
  timeout 900 docker run --rm --read-only --user "$user:$user" --cap-drop ALL --security-opt no-new-privileges \
    --memory 256m --tmpfs /tmp --volume "$stage/backup/config:/etc/litestream:ro" "$@"
}

copying() { [ "$(docker inspect -f '{{.State.Running}} {{.State.Restarting}}' ovth-backup 2>/dev/null)" = 'true false' ]; }

backup_is_same() {
  cmp -s "$stage/backup/compose.yaml" "$home/backup/compose.yaml" &&
    cmp -s "$stage/backup/config/litestream.yml" "$home/backup/config/litestream.yml"
}

# Before anything is changed: the bucket answers, and takes the keys.
check_backup() {
  [ -n "$backup" ] || return 0
  chown -R "$user:$user" "$stage/backup/config"
  backup_is_same && return
  docker image inspect "$litestream_image" >/dev/null 2>&1 || docker pull --quiet "$litestream_image" >"$stage/pull.log" 2>&1 ||
    fail "ovth:images.litestream: $litestream_image cannot be pulled: $(tail -n 1 "$stage/pull.log")"
  litestream "$litestream_image" ltx -config /etc/litestream/litestream.yml -no-expand-env /data/ledger.db \
    >"$stage/bucket.log" 2>&1 ||
    fail "ovth:backup: the bucket cannot be read; see that endpoint, bucket, region and ovth:backup_keys are right. It says: $(grep -v '^level' "$stage/bucket.log" | tail -n 1 | redact | cut -c 1-300)"
}

switch_backup() {
  local deadline=$((SECONDS + 60)) said
  if [ -z "$backup" ]; then
    [ -d "$home/backup" ] || return 0
    docker compose --file "$home/backup/compose.yaml" down --timeout 40 >/dev/null 2>&1 || docker rm -f ovth-backup >/dev/null 2>&1 || true
    rm -rf "$home/backup"
    return 0
  fi
  backup_is_same && copying && return 0
  phase backup
  install -d -m 700 -o "$user" -g "$user" "$home/backup/config"
  install -m 600 -o "$user" -g "$user" "$stage/backup/config/litestream.yml" "$home/backup/config/litestream.yml"
  install -m 600 "$stage/backup/compose.yaml" "$home/backup/compose.yaml"
  said=$(docker compose --file "$home/backup/compose.yaml" up --detach --force-recreate 2>&1) ||
    fail "the gateway serves, and the ledger is not copied: $(printf '%s' "$said" | tail -n 1)"
  # The first copy also shows that the keys may write.
  until said=$(docker exec ovth-backup litestream sync -wait -timeout 20 -socket "$backup_socket" /data/ledger.db 2>&1); do
    [ "$SECONDS" -lt "$deadline" ] ||
      fail "ovth:backup: the gateway serves, and the ledger could not be copied to the bucket: $(printf '%s' "$said" | tail -n 1 | redact | cut -c 1-300)"
    sleep 0.5
  done
}
