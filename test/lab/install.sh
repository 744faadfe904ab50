#!/usr/bin/env bash
# Installs the Debian packages the lab needs. Quiet when all is there; says what it installs otherwise.
set -euo pipefail

missing=()
has() { command -v "$1" >/dev/null || missing+=("$2"); }
has dockerd docker.io
has docker docker.io
has debootstrap debootstrap
has ssh openssh-client
has iptables iptables
has openssl openssl
has mkfs.ext4 e2fsprogs
has losetup util-linux

[ ${#missing[@]} -eq 0 ] && exit 0
mapfile -t missing < <(printf '%s\n' "${missing[@]}" | sort -u)
echo "installing ${missing[*]}" >&2
# The packages' own start-up is not wanted: the lab brings its own daemon, where nothing else sees it.
export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
