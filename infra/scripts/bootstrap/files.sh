# The host's own files: units, the daemon's settings, who may log in and how, upgrades.

# Paths that were written this time, one a line.
written=''

# put_file PATH: replaces the file in one step when it differs
put_file() {
  local path=$1 mode=644
  [[ $path != */sbin/* ]] || mode=755
  ! cmp -s "$stage/files$path" "$path" || return 0
  mkdir -p "$(dirname "$path")" && chmod 755 "$(dirname "$path")"
  install -m "$mode" "$stage/files$path" "$path.ovth-new"
  mv -f "$path.ovth-new" "$path"
  written+="$path"$'\n'
  changed "$path"
}

# Nobody may be locked out: a file that sshd refuses is taken back.
put_sshd_file() {
  local path=$1 said
  [ ! -f "$path" ] || cp -p "$path" "$stage/sshd.before"
  put_file "$path"
  grep -qxF "$path" <<<"$written" || return 0
  mkdir -p /run/sshd
  said=$(sshd -t 2>&1) || {
    if [ -f "$stage/sshd.before" ]; then cp -p "$stage/sshd.before" "$path"; else rm -f "$path"; fi
    fail "sshd refuses $path, so it was taken back: $(head -n 1 <<<"$said")"
  }
  systemctl reload ssh || fail 'sshd does not take its new settings; look at "systemctl status ssh" on the server'
}

# A file that this version no longer has.
drop_file() {
  [ -e "$1" ] || return 0
  rm -f "$1"
  changed "$1 (removed)"
}

put_files() {
  local path
  while read -r path; do
    case $path in
      /etc/ssh/*) put_sshd_file "$path" ;;
      *) put_file "$path" ;;
    esac
  done < <(cd "$stage/files" && find . -type f | sed 's/^\.//' | sort)
  [[ $written != *"/etc/systemd/system/"* ]] || systemctl daemon-reload
}
