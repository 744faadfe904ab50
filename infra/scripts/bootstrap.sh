#!/usr/bin/env bash
# Waits for the first boot of a new box, and says what is missing on it.
#   bootstrap.sh STAGE     STAGE/state.json names the volume's device, its mount point, the packages and folders
set -euo pipefail

fail() {
  echo "ovth: $1" >&3
  tail -n 10 "$stage/output" | cut -c 1-300 | sed 's/^/    /' >&3
  exit 1
}

fact() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$1/state.json" "$2"; }

await_cloud_init() {
  local code=0
  timeout 600 cloud-init status --wait >/dev/null 2>&1 || code=$?
  # 2 means "done with recoverable errors". The checks below show whether they matter.
  case $code in
    0 | 2) ;;
    124) fail 'the first boot was not over after 10 minutes; look at /var/log/cloud-init-output.log on the server' ;;
    *) echo "cloud-init ended with $code" ;; # the checks below show what is missing
  esac
}

mount_data() {
  local device=$1 mount=$2 waited=0
  until [ -b "$device" ]; do
    [ $((waited++)) -lt 120 ] || fail "the data volume ($device) is not attached to the server after 60 s; see the volume in Hetzner's console"
    sleep 0.5
  done
  mountpoint -q "$mount" || mount "$mount" || fail "the data volume ($device) cannot be mounted at $mount; look at dmesg on the server"
}

start_docker() {
  local packages=$1
  if ! docker compose version >/dev/null 2>&1 || ! docker buildx version >/dev/null 2>&1; then
    # apt may have failed during the first boot.
    # shellcheck disable=SC2086  # split into names
    { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $packages; } ||
      fail 'Docker could not be installed; is the Debian mirror reachable from the server? Run "pulumi up" again to retry'
  fi
  systemctl start docker || fail 'Docker does not start; look at "journalctl -u docker" on the server'
  docker info >/dev/null 2>&1 || fail 'Docker does not answer; look at "journalctl -u docker" on the server'
}

close_metadata() {
  iptables -w -C DOCKER-USER -d "$1" -j REJECT 2>/dev/null ||
    fail 'the metadata address is open to containers (ovth-metadata.service did not run); raise ovth:server.generation to rebuild the server'
}

stage=$1
# What the steps print is no news, and what fail prints comes first.
exec 3>&2 >"$stage/output" 2>&1
echo "$(date +%s) bootstrap" >>/run/ovth-phases
await_cloud_init
mount_data "$(fact "$stage" device)" "$(fact "$stage" mount)"
start_docker "$(fact "$stage" packages)"
close_metadata "$(fact "$stage" metadata)"
mkdir -p "$(fact "$stage" bundles)"
