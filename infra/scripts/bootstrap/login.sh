# With which key the program logs in.

# The key that this very login came with stays, the one before it goes. What others wrote stays.
retire_login() {
  local file=/root/.ssh/authorized_keys
  [ -n "$retired_key" ] && grep -qF "$retired_key" "$file" 2>/dev/null || return 0
  grep -qF "$deploy_key" "$file" || return 0
  grep -vF "$retired_key" "$file" >"$file.new"
  mv "$file.new" "$file"
  changed "$file (the program's key before is refused from now on)"
}
