#!/usr/bin/env bash
# Says what is on a box, and changes nothing.
#   look.sh HOME DATA     prints `deploy JSON`, `copied` where the ledger has a backup, `changed FILE`, `led` where ports 80 and
#                         443 are led to the front that serves, now and after a reboot, `runs CONTAINER` for each that does not
#                         retire, `used server|data PERCENT` of the disks, or `never` where no update has ended yet
home=$1
data=$2
if ! cd "$home" 2>/dev/null || ! [ -f applied.sha256 ]; then
  echo never
  exit 0
fi

used() { echo "used $1 $(df --output=pcent "$2" 2>/dev/null | tail -n 1 | tr -dc 0-9)"; }

led() {
  local unit
  for unit in ovth-front.service ovth-door@80.socket ovth-door@443.socket; do
    systemctl is-enabled --quiet "$unit" || return 1
  done
  for unit in ovth-door@80.socket ovth-door@443.socket; do systemctl is-active --quiet "$unit" || return 1; done
  /bin/sh lead check
}

echo "deploy $(cat current/config/deploy.json 2>/dev/null)"
! grep -q ' backup/' applied.sha256 || echo copied
LC_ALL=C sha256sum --check applied.sha256 2>/dev/null | sed -n 's/^\(.*\): FAILED.*$/changed \1/p'
! led >/dev/null 2>&1 </dev/null || echo led
docker ps --filter name=^ovth- --format '{{.Names}}' 2>/dev/null | while read -r name; do
  [ -e "fronts/${name#ovth-front-}/retiring" ] || [ -e "releases/${name#ovth-gateway-}/retiring" ] || echo "runs $name"
done
used server /var/lib/docker
used data "$data"
