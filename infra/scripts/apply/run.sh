# The order of the steps.

exec 9>/run/lock/ovth-apply.lock
flock --wait 300 9 || fail 'another update of this server has been running for 5 minutes; wait for it, then run "pulumi up" again'
unpack
prepare_host
watch_disk
build_image
check_config
check_front
if running "$release" && ready_answer >/dev/null; then
  keep_release
  change_config
else
  start_release
fi
switch_front
undo=()
retire_others
await_certificate
record_digests
record_images
prune
echo "ovth: release $release serves configuration $digest"
