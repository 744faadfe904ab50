# The gateway's image, built on the box from the shipped bundle, and Caddy's, which is fetched meanwhile.

# Where it cannot be fetched, Docker says so when it is run.
fetch_front() {
  docker image inspect "$front_image" >/dev/null 2>&1 && return
  timeout 300 docker pull --quiet "$front_image" >/dev/null 2>&1 3>&- 4>&- 9>&- &
  fetching=$!
}

await_fetched() {
  [ -z "$fetching" ] || wait "$fetching" || true
  fetching=''
}

build_image() {
  docker image inspect "$image" >/dev/null 2>&1 && return
  room_to_build
  phase build
  echo "$bundle_sha256  $bundle" | sha256sum --check --status ||
    fail "the shipped code is not on the server (any more); run \"pulumi up --target-replace '**ovth-bundle'\", then \"pulumi up\""
  fetch_front
  # The shipped file is passed in place of the Dockerfile's build stage.
  install -D -m 444 "$bundle" "$stage/build/$bundle_in_build"
  timeout 600 docker buildx build --load --progress plain --target runtime --build-context "build=$stage/build" \
    --build-arg "NODE_IMAGE=$node_image" --tag "$image" --file "$stage/release/Dockerfile" "$stage/build" >"$stage/build.log" 2>&1 ||
    fail "the gateway's image could not be built from $node_image; what ran before goes on. The build says:" "$stage/build.log"
}
