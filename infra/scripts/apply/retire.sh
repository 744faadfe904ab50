# Releases: which one serves, and the end of the others.

# The release that the front sends requests to; empty before the first. The front's own file says it: the link `current`
# is set later, and an update may have been cut off in between.
live_release() { sed -n 's/.*reverse_proxy gateway-\([0-9a-f]*\):.*/\1/p' "$home/front/caddy/Caddyfile" 2>/dev/null || true; }

retire_others() {
  local other
  ln -sfn "releases/$release" "$home/current.new" && mv -T "$home/current.new" "$home/current"
  for other in "$home"/releases/*/; do
    other=$(basename "$other")
    [ "$other" = "$release" ] || remove_release "$other" >/dev/null 2>&1 || true
  done
}
