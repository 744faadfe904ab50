# Which front the world reaches. No container publishes a port: rules of the box's own lead ports 80 and 443 to the address
# of one front, and are replaced in one step. A connection stays with the front it began with, because the kernel tracks it.

# Addresses end in .11 to .19 for slots 1 to 9. The box itself is .1.
front_address() { echo "${subnet%.*}.$((10 + $1))"; }

write_lead() {
  cat >"$home/lead.new" <<LEAD
#!/bin/sh
# Written by the apply script: leads ports 80 and 443 of this server to the front that serves.
set -eu
. $home/front/.env
iptables-restore --wait --noflush <<RULES
*nat
:OVTH-FRONT - [0:0]
-A OVTH-FRONT -p tcp --dport 80 -j DNAT --to-destination \$ADDRESS
-A OVTH-FRONT -p tcp --dport 443 -j DNAT --to-destination \$ADDRESS
COMMIT
RULES
rule() {
  chain=\$1
  shift
  iptables --wait -t nat -C "\$chain" "\$@" 2>/dev/null || iptables --wait -t nat -I "\$chain" "\$@"
}
rule PREROUTING -m addrtype --dst-type LOCAL -j OVTH-FRONT
rule OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j OVTH-FRONT
accept='-d $subnet -m conntrack --ctstate DNAT -j ACCEPT'
iptables --wait -C DOCKER-USER \$accept 2>/dev/null || iptables --wait -I DOCKER-USER \$accept
LEAD
  mv "$home/lead.new" "$home/lead"
}

# write_unit NAME: from standard input, when it says something else
write_unit() {
  cat >"$stage/$1"
  cmp -s "$stage/$1" "/etc/systemd/system/$1" && return
  install -m 644 "$stage/$1" "/etc/systemd/system/$1"
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
ExecStart=/usr/lib/systemd/systemd-socket-proxyd --connections-max=4096 ${subnet%.*}.1:%i
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
  /bin/sh "$home/lead" || fail 'the rules that lead ports 80 and 443 to the front cannot be set (see above)'
}

open_door() { systemctl start ovth-door@80.socket ovth-door@443.socket || fail 'ports 80 and 443 are taken on the server; look at "ss -ltnp" there'; }
