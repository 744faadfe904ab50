# Who may log in: the program with its present key, and the operator with the keys of `ssh.public_keys`.

# The key that this very login came with stays, the one before it goes.
set_logins() {
  local file=/root/.ssh/authorized_keys
  install -d -m 700 /root/.ssh
  printf '%s' "${authorized_keys:-}" >"$file"_ovth.new
  mv "$file"_ovth.new "$file"_ovth
  [ -n "${retired_key:-}" ] && grep -qF "$retired_key" "$file" 2>/dev/null || return 0
  grep -qF "${deploy_key:?}" "$file" || return 0
  grep -vF "$retired_key" "$file" >"$file.new"
  chmod 600 "$file.new"
  mv "$file.new" "$file"
}
