# Security upgrades by themselves, and the reboot that some of them need.

set_upgrades() {
  systemctl enable --quiet --now apt-daily.timer apt-daily-upgrade.timer || warn 'the timers of the upgrades cannot be enabled'
  if [ -z "$reboot_window" ]; then
    [ ! -e /etc/systemd/system/ovth-reboot.timer ] || systemctl disable --quiet --now ovth-reboot.timer
    drop_file /etc/systemd/system/ovth-reboot.timer
    return 0
  fi
  # Started anew when its time has changed.
  if [[ $written == *"/ovth-reboot.timer"* ]] || ! systemctl is-active --quiet ovth-reboot.timer; then
    { systemctl enable --quiet ovth-reboot.timer && systemctl restart ovth-reboot.timer; } ||
      fail "the timer of the reboot window ($reboot_window) cannot be started; look at \"systemctl status ovth-reboot.timer\" on the server"
  fi
}
