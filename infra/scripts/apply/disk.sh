# The server's own disk, with Docker's images, and the data volume.

# Says when one of them fills up.
watch_disk() {
  local place used
  for place in /var/lib/docker "$data"; do
    used=$(df --output=pcent "$place" | tail -n 1 | tr -dc 0-9)
    [ "$used" -le "$disk_percent" ] ||
      echo "ovth: the disk of $place is $used % full; $([ "$place" = "$data" ] && echo 'raise ovth:data.size_gb' || echo 'look at "docker system df" on the server')" >&2
  done
}

# An image that fills the disk would stop the ledger's host, and with it the gateway that serves.
room_to_build() {
  local free
  free=$(df --output=avail --block-size=1M /var/lib/docker | tail -n 1 | tr -dc 0-9)
  [ "$free" -ge "$build_mb" ] ||
    fail "the server's disk has $free MB free, and building an image needs $build_mb MB; make room (\"docker system df\" on the server shows what is there), or raise ovth:server.type; what ran before goes on"
}
