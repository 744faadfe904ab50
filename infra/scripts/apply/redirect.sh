# Which front the world reaches. No container publishes a port: rules of the box's own lead ports 80 and 443 to the address
# of one front, and are replaced in one step. A connection stays with the front it began with, because the kernel tracks it.

# Folder of the units that an administrator adds.
units=/etc/systemd/system

# Addresses end in .11 to .19 for slots 1 to 9. The box itself is .1. Nobody is .10, which the rules lead to the front that
# serves, so that what is sent there fails where they are missing.
front_address() { echo "${subnet%.*}.$((10 + $1))"; }

write_lead() {
  cat >"$home/lead.new" <<LEAD
#!/bin/sh
# Written by the apply script: leads ports 80 and 443 of this server to the front that serves.
# With "check" it changes nothing, and fails where they are not led there.
set -eu
check=\${1:-}
. $home/front/.env
[ -n "\$check" ] || iptables-restore --wait --noflush <<RULES
*nat
:OVTH-FRONT - [0:0]
-A OVTH-FRONT -p tcp --dport 80 -j DNAT --to-destination \$ADDRESS
-A OVTH-FRONT -p tcp --dport 443 -j DNAT --to-destination \$ADDRESS
COMMIT
RULES
for port in 80 443; do
  iptables --wait -t nat -C OVTH-FRONT -p tcp --dport "\$port" -j DNAT --to-destination "\$ADDRESS"
done
[ "\$(iptables --wait -t nat -S OVTH-FRONT | wc -l)" = 3 ]
rule() {
  table=\$1
  chain=\$2
  shift 2
  iptables --wait -t "\$table" -C "\$chain" "\$@" 2>/dev/null && return
  [ -z "\$check" ] || exit 1
  iptables --wait -t "\$table" -I "\$chain" "\$@"
}
rule nat PREROUTING -m addrtype --dst-type LOCAL -j OVTH-FRONT
rule nat OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j OVTH-FRONT
rule nat OUTPUT -d $(front_address 0) -j OVTH-FRONT
rule filter DOCKER-USER -d $subnet -m conntrack --ctstate DNAT -j ACCEPT
LEAD
  mv "$home/lead.new" "$home/lead"
}

# write_unit NAME: from standard input, when it says something else
write_unit() {
  cat >"$stage/$1"
  cmp -s "$stage/$1" "$units/$1" && return
  install -m 644 "$stage/$1" "$units/$1"
  systemctl daemon-reload
}

# The rules at boot, and a door for who the rules do not lead: IPv6, and the box's own loopback. The door's connections
# come from the box, so the gateway does not see the address of a client that uses IPv6.
write_units() {
  local unit
  write_unit ovth-front.service <<UNIT
[Unit]
Description=Lead ports 80 and 443 to the front that serves
After=ovth-metadata.service
Before=docker.service
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh $home/lead
[Install]
WantedBy=multi-user.target
UNIT
  write_unit ovth-door@.socket <<UNIT
[Unit]
Description=Port %i of IPv6 and loopback
[Socket]
ListenStream=%i
Backlog=4096
[Install]
WantedBy=sockets.target
UNIT
  write_unit ovth-door@.service <<UNIT
[Unit]
Description=Port %i of IPv6 and loopback
[Service]
ExecStart=/usr/lib/systemd/systemd-socket-proxyd --connections-max=4096 $(front_address 0):%i
DynamicUser=yes
LimitNOFILE=32768
UNIT
  for unit in ovth-front.service ovth-door@80.socket ovth-door@443.socket; do
    systemctl is-enabled --quiet "$unit" 2>/dev/null || systemctl enable --quiet "$unit"
  done
}

# lead_to SLOT: new connections come to this front from now on.
lead_to() {
  ln -sfn "fronts/$1" "$home/front.new" && mv -T "$home/front.new" "$home/front"
  /bin/sh "$home/lead" >"$stage/lead.log" 2>&1 ||
    fail 'the rules that lead ports 80 and 443 to Caddy cannot be set. It says:' "$stage/lead.log"
}

open_door() { systemctl start ovth-door@80.socket ovth-door@443.socket || fail 'ports 80 and 443 are taken on the server; look at "ss -ltnp" there'; }
