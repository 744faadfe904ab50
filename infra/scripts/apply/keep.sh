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

prune() {
  find "$(dirname "$bundle")" -type f ! -path "$bundle" -delete
  # The last three stay, so that going back to one of them needs no build.
  docker image ls ovth-gateway --format '{{.Repository}}:{{.Tag}}' | tail -n +4 | while read -r old; do
    [ "$old" = "$image" ] || docker image rm "$old" >/dev/null 2>&1 || true
  done
}
