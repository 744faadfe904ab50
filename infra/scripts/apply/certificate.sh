# The certificate: Caddy gets it by itself; an update waits for it and says why there is none.

front_log() { docker logs --since "$begun" "ovth-front-$(live_slot)" 2>&1; }

# A handshake with the name or address of the site, on this box whatever the name resolves to.
has_certificate() { ask_front "$(live_slot)"; }

site_of() { sed -n 's|^"*https://\([^" ]*\)"* {$|\1|p' "$1/caddy/Caddyfile" 2>/dev/null; }

# Whether another name or address was served before this update.
site_changed() { [ -d "$stage/old-front" ] && [ "$(site_of "$stage/old-front")" != "$(site_of "$stage/front")" ]; }

# After a refusal Caddy rests for a minute or more. What was wrong may have been mended since.
ask_again() {
  [[ $(front_log) != *'"tls.obtain"'* ]] || return 0
  docker exec "ovth-front-$(live_slot)" caddy reload --force --config /etc/caddy/Caddyfile --adapter caddyfile \
    --address "$admin_socket" || true
}

# The authority's last refusal as one line; nothing where it has refused nothing.
refusal() {
  front_log | python3 -c '
import json, sys
said = ""
for line in sys.stdin:
    try:
        entry = json.loads(line)
    except ValueError:
        continue
    if entry.get("level") in ("error", "warn") and str(entry.get("logger", "")).startswith("tls") and entry.get("error"):
        said = " ".join(str(entry["error"]).split()).partition(" (ca=")[0][:300]
print(said)
'
}

# no_certificate WORDS: fails; WORDS say what goes on
no_certificate() {
  local said found reason=''
  said=$(refusal | redact)
  if [ "$site" = name ]; then
    found=$(getent ahostsv4 "$host" | cut -d ' ' -f 1 | sort -u | paste -sd ' ' -) || true
    if [ "$found" = "$address" ]; then
      reason="the name resolves to $address, as it should"
    else
      reason="the name resolves to ${found:-nothing} and should resolve to $address: set its A record"
    fi
    reason="ovth:domain: there is no certificate for $host, so nobody can connect; $reason"
  else
    reason="there is no certificate for $host, so nobody can connect"
  fi
  fail "$reason. The certificate authority says: ${said:-nothing yet}. $1; when it is mended, run \"pulumi up\" again"
}

# await_certificate WORDS: waits, and fails with the reason and what goes on where none comes
await_certificate() {
  local deadline=$((SECONDS + certificate_seconds))
  has_certificate && return 0
  phase certificate
  ask_again
  until has_certificate; do
    [ "$SECONDS" -lt "$deadline" ] || no_certificate "$1"
    sleep 0.3
  done
}
