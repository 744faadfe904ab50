# The gateway's image, built on the box from the shipped bundle.

build_image() {
  docker image inspect "$image" >/dev/null 2>&1 && return
  room_to_build
  echo "$bundle_sha256  $bundle" | sha256sum --check --status ||
    fail 'the shipped code is not complete on the server; run "pulumi up" again'
  # The shipped file is passed in place of the Dockerfile's build stage.
  install -D -m 444 "$bundle" "$stage/build/$bundle_in_build"
  timeout 600 docker buildx build --load --progress plain --target runtime --build-context "build=$stage/build" \
    --build-arg "NODE_IMAGE=$node_image" --tag "$image" --file "$stage/release/Dockerfile" "$stage/build" >"$stage/build.log" 2>&1 || {
    tail -n 20 "$stage/build.log" | cut -c 1-400 | sed 's/^/    /' >&2
    fail "the gateway's image could not be built from $node_image (see above); what ran before goes on"
  }
}
