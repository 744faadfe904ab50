# The order of the steps.

exec 8>/run/lock/ovth-bootstrap.lock
flock --wait 900 8 || fail 'another update of this server has been running for 15 minutes; wait for it, then run "pulumi up" again'
phase bootstrap
unpack
await_cloud_init
put_files
retire_login
mount_data
add_swap
want_clock
install_packages
start_docker
close_metadata
check_clock
set_upgrades
mkdir -p "$bundles"
