# The clock: budgets begin and end by it, and certificates.

clock_services=(systemd-timesyncd chrony chronyd ntpsec)

follows_a_clock() {
  local name
  for name in "${clock_services[@]}"; do systemctl is-enabled --quiet "$name" 2>/dev/null && return 0; done
  return 1
}

# Not beside another one: Debian lets each of them replace the others.
want_clock() { follows_a_clock || packages="$packages systemd-timesyncd"; }

check_clock() {
  local waited=0
  if ! follows_a_clock; then
    systemctl enable --quiet systemd-timesyncd 2>/dev/null || fail 'no time service can be enabled on the server; install systemd-timesyncd there'
    changed 'systemd-timesyncd enabled'
  fi
  # A container's clock is its host's.
  ! systemd-detect-virt --container --quiet || return 0
  systemctl start systemd-timesyncd 2>/dev/null || true
  until [ "$(timedatectl show --property NTPSynchronized --value)" = yes ]; do
    [ $((waited++)) -lt 40 ] || {
      warn "the server's clock is not synchronised (timedatectl says so): see that UDP port 123 is open outwards"
      return 0
    }
    sleep 0.5
  done
}
