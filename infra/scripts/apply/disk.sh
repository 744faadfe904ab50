# The server's own disk, with Docker's images. How full it is, look.sh tells.

# An image that fills the disk would stop Docker, and with it the gateway that serves.
room_to_build() {
  local free
  free=$(df --output=avail --block-size=1M /var/lib/docker | tail -n 1 | tr -dc 0-9)
  [ "$free" -ge "$build_mb" ] ||
    fail "the server's disk has $free MB free, and building an image needs $build_mb MB; make room (\"docker system df\" on the server shows what is there), or raise ovth:server.type; what ran before goes on"
}
