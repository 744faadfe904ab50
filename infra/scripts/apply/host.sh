# The host: the data volume, folders, the Docker network.

prepare_host() {
  mountpoint -q "$data" || mount "$data" || fail "the data volume is not mounted at $data; is it attached to the server?"
  # Online, and a no-op when the file system fills the volume.
  resize2fs "$(findmnt -no SOURCE "$data")" >/dev/null 2>&1 || true
  mkdir -p "$home/releases" "$home/front/caddy" "$data/gateway" "$data/caddy"
  chown "$user:$user" "$data/gateway" "$data/caddy"
  chmod 755 "$home/front/caddy"
  docker network inspect "$network" >/dev/null 2>&1 || docker network create "$network" >/dev/null
}
