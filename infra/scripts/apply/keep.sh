# What is recorded and what is thrown away once the new state serves.

# What the images' tags stood for when they were pulled; a tag may be moved.
record_digests() {
  local node front
  node=$(grep -oE "${node_image}@sha256:[0-9a-f]{64}" "$stage/build.log" 2>/dev/null | tail -n 1) ||
    node=$(sed -n 's/^node //p' "$home/digests" 2>/dev/null) || true # it was not built this time
  front=$(docker image inspect --format '{{join .RepoDigests " "}}' "$front_image" 2>/dev/null) || true
  printf 'node %s\nfront %s\n' "$node" "$front" >"$home/digests.new"
  mv "$home/digests.new" "$home/digests"
}

# What going back by one change needs is kept: the images of now and those of the change before. `images` has one line for
# each, the newest first, and after them, one a line, every name that was ever used here: no other image is ever removed.
record_images() {
  local now before
  now="$image $front_image $node_image${backup:+ $litestream_image}"
  before=$(sed -n 1p "$home/images" 2>/dev/null) || true
  [ "$before" != "$now" ] || return 0
  {
    printf '%s\n%s\n' "$now" "$before"
    {
      sed 1,2d "$home/images" 2>/dev/null || true
      tr ' ' '\n' <<<"$now"
    } | sort -u
  } >"$home/images.new"
  mv "$home/images.new" "$home/images"
}

prune() {
  local old kept
  find "$(dirname "$bundle")" -type f ! -path "$bundle" -delete
  docker network rm ovth >/dev/null 2>&1 || true # the network's earlier name
  kept=" $(sed -n 1,2p "$home/images" | tr '\n' ' ') "
  { sed 1,2d "$home/images"; docker image ls ovth-gateway --format '{{.Repository}}:{{.Tag}}'; } | sort -u | while read -r old; do
    # A container that retires still holds its image.
    [[ $kept == *" $old "* ]] || docker image rm "$old" >/dev/null 2>&1 || true
  done
  docker image prune --force >/dev/null 2>&1 || true
  # Of the build cache nothing is used again: an image that is kept is not built again, and its base is a layer of it.
  docker builder prune --all --force >/dev/null 2>&1 || true
}
