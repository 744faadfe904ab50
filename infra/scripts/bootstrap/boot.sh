# The first boot.

await_cloud_init() {
  local code=0
  timeout 600 cloud-init status --wait >/dev/null 2>&1 || code=$?
  # 2 means "done with recoverable errors". The steps below show whether they matter.
  case $code in
    0 | 2) ;;
    124) fail 'the first boot was not over after 10 minutes; look at /var/log/cloud-init-output.log on the server' ;;
    *) warn "cloud-init ended with $code; going on to see what is missing" ;;
  esac
}
