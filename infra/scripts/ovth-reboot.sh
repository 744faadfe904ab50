#!/bin/sh
# The reboot that an upgrade has asked for, in the window that the settings name (ovth-reboot.timer). The gateway first:
# Docker asks it to end, it takes no new request and answers those it has, and Caddy carries them to the end. Docker starts
# both again at boot (`restart: always`).
set -eu
[ -e /run/reboot-required ] || exit 0
# Not in the middle of an update.
exec 9>/run/lock/ovth-apply.lock
flock --wait 1800 9
echo "ovth: rebooting for: $(sort -u /run/reboot-required.pkgs 2>/dev/null | tr '\n' ' ')"
gateways=$(docker ps --quiet --filter label=ovth.release)
others=''
# Where the reboot fails, what was stopped serves again.
# shellcheck disable=SC2086,SC2154  # split into ids; code is set in the trap
trap 'code=$?; [ "$code" = 0 ] || docker start $gateways $others' EXIT
# shellcheck disable=SC2086
[ -z "$gateways" ] || docker stop --time 900 $gateways >/dev/null
others=$(docker ps --quiet --filter name=ovth-)
# shellcheck disable=SC2086
[ -z "$others" ] || docker stop --time 60 $others >/dev/null
systemctl reboot
