# The order of the steps.

exec 9>/run/lock/ovth-apply.lock
flock --wait 300 9 || fail 'another update of this server has been running for 5 minutes; wait for it, then run "pulumi up" again'
unpack
prepare_host
check_ledger
build_image
check_config
check_front
check_backup
restore_ledger
if running "$release" && ready_answer >/dev/null; then
  keep_release
  change_config
else
  start_release
fi
switch_front
# Where another name gets no certificate, the old one is served again.
if site_changed; then await_certificate 'What ran before goes on'; fi
undo=()
switch_backup
retire_others
await_certificate 'Caddy goes on trying'
record_digests
record_images
prune
record_applied
