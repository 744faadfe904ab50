# What was applied, so that a later look at the box sees what has been changed by hand or was left half done.

# After every other step: a box on which an update was cut off has the files of one and the record of another.
record_applied() {
  local record=$home/applied.sha256 copy=()
  [ ! -d "$home/backup" ] || copy=(backup)
  (
    cd "$home"
    # `front` is a link, which the slash follows. Names that end in .new are files that are being written.
    find current/compose.yaml current/config front/ lead "${copy[@]}" -type f ! -name '*.new' | sort |
      while read -r file; do sha256sum "$file"; done
    sha256sum "$units"/ovth-front.service "$units"/ovth-door@.socket "$units"/ovth-door@.service
    sha256sum /root/.ssh/authorized_keys_ovth
  ) >"$record.new"
  mv "$record.new" "$record"
}
