# Debian's packages, and Docker.

# A running apt of the first boot, or of the upgrades, holds the lock for a while. A mirror that does not answer is no
# failure by itself: what is wanted may be known already, and the installation says so where it is not.
update_lists() {
  local tries=0
  until apt-get update >"$stage/update.log" 2>&1; do
    cat "$stage/update.log"
    grep -q 'Could not get lock' "$stage/update.log" && [ $((tries++)) -lt 60 ] || return 0
    sleep 5
  done
}

install_packages() {
  local name missing=()
  # shellcheck disable=SC2086  # split into names
  for name in $packages; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || missing+=("$name")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  update_lists
  DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confold \
    install -y --no-install-recommends "${missing[@]}" ||
    fail 'Debian packages could not be installed; is the Debian mirror reachable from the server? Run "pulumi up" again to retry. Last lines:'
  changed "packages installed: ${missing[*]}"
}

start_docker() {
  systemctl start docker || fail 'Docker does not start; look at "journalctl -u docker" on the server'
  docker info >/dev/null 2>&1 || fail 'Docker does not answer; look at "journalctl -u docker" on the server'
  # Containers go on while the daemon restarts after an upgrade. Reading the file again restarts nothing.
  [ "$(docker info --format '{{.LiveRestoreEnabled}}')" = true ] || systemctl reload docker
}

close_metadata() {
  systemctl start ovth-metadata.service || true
  iptables -w -C DOCKER-USER -d "$metadata" -j REJECT 2>/dev/null ||
    fail 'the metadata address is open to containers (ovth-metadata.service did not run); raise ovth:server.generation to rebuild the server'
}
