# The host: the data volume, folders, the Docker network, who may log in.

prepare_host() {
  local said
  docker info >/dev/null 2>&1 || systemctl start docker || fail 'Docker does not start; look at "journalctl -u docker" on the server'
  mountpoint -q "$data" || mount "$data" || fail "the data volume is not mounted at $data; is it attached to the server?"
  # Online, and a no-op when the file system fills the volume.
  if ! said=$(resize2fs "$(findmnt -no SOURCE "$data")" 2>&1); then
    # Its complaint is not its last line: both streams of it come together here.
    said=$(grep '^resize2fs: ' <<<"$said" || printf '%s' "$said")
    said=${said##*$'\n'}
    fail "the file system at $data does not grow to the size of its volume (resize2fs: ${said#resize2fs: }); look at dmesg on the server, then run \"pulumi up\" again. What ran before goes on"
  fi
  mkdir -p "$home/releases" "$home/fronts" "$data/gateway" "$data/caddy"
  chown "$user:$user" "$data/gateway" "$data/caddy"
  chmod 755 "$home" "$home/fronts"
  docker network inspect "$network" >/dev/null 2>&1 ||
    docker network create --subnet "$subnet" --gateway "${subnet%.*}.1" --ip-range "$dynamic_range" "$network" >/dev/null ||
    fail "the Docker network $network cannot be made; is one of the server's other networks within $subnet?"
  install -d -m 700 /root/.ssh
  printf '%s' "${authorized_keys:-}" >/root/.ssh/authorized_keys_ovth.new
  mv /root/.ssh/authorized_keys_ovth.new /root/.ssh/authorized_keys_ovth
}
