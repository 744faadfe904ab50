# Swap on a small box: an image build or an upgrade beside the gateway needs more than 2 GB for a moment. Containers do not
# use it (compose.yaml sets memswap_limit to mem_limit).

swap_file=/swapfile

# Up to 2 GB: what the kernel says is a little less than what is sold.
is_small() { [ "$(awk '/^MemTotal:/ { print $2 }' "${MEMINFO:-/proc/meminfo}")" -le 2200000 ]; }

add_swap() {
  is_small || return 0
  [ -z "$(swapon --show --noheadings)" ] || return 0
  if ! { fallocate -l 1G "$swap_file" && chmod 600 "$swap_file" && mkswap "$swap_file" >/dev/null && swapon "$swap_file"; }; then
    rm -f "$swap_file"
    warn 'no swap could be added to this small server; an image build may run out of memory'
    return 0
  fi
  grep -q "^$swap_file " "${FSTAB:-/etc/fstab}" || echo "$swap_file none swap sw 0 0" >>"${FSTAB:-/etc/fstab}"
  changed '1 GB of swap'
}
