# The data volume: where it is mounted at each boot, and now.

# `nofail` is among the options: the volume is attached after the server was made, and the box must be reachable without it.
list_mount() {
  local line="$device $mount ext4 $mount_options 0 2"
  awk -v d="$device" -v m="$mount" '$1 == d && $2 == m { found = 1 } END { exit !found }' /etc/fstab && return 0
  { awk -v m="$mount" '$2 != m' /etc/fstab && echo "$line"; } >/etc/fstab.ovth-new
  chmod 644 /etc/fstab.ovth-new
  mv -f /etc/fstab.ovth-new /etc/fstab
  mkdir -p "$mount"
  systemctl daemon-reload
  changed "/etc/fstab ($mount)"
}

mount_data() {
  local waited=0
  until [ -b "$device" ]; do
    [ $((waited++)) -lt 120 ] || fail "the data volume ($device) is not attached to the server after 60 s; see the volume in Hetzner's console"
    sleep 0.5
  done
  list_mount
  mountpoint -q "$mount" || mount "$mount" || fail "the data volume ($device) cannot be mounted at $mount; look at dmesg on the server"
}
