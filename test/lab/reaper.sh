#!/usr/bin/env bash
# Guards one run of the lab. Holds the lock that lets one lab run at a time, and when its standard input ends (the lab
# has stopped, or has died in any way) removes everything the run has made, and nothing else: containers by label,
# processes by recorded id or by the run's home, mounts and loop devices by the run's folder.
#
#   reaper.sh FOLDER LOCK
set -uo pipefail
folder=$1 lock=$2

alive() { # PID PROGRAM: is it still that program?
  local exe
  exe=$(readlink "/proc/$1/exe" 2>/dev/null) && [ "$(basename "$exe" ' (deleted)')" = "$2" ]
}

finish() { # PID PROGRAM SECONDS: ask, wait, then insist
  alive "$1" "$2" || return 0
  kill -TERM "$1"
  for _ in $(seq $(($3 * 20))); do
    alive "$1" "$2" || return 0
    sleep 0.05
  done
  kill -KILL "$1"
}

end_engine() { # FOLDER: the engine and its plugins, which carry the run's home in their environment
  local entry pid
  grep -lzF "PULUMI_HOME=$1/" /proc/[0-9]*/environ 2>/dev/null | while read -r entry; do
    pid=$(basename "$(dirname "$entry")")
    # Not the shell or the editor of somebody who uses this lab.
    case $(basename "$(readlink "/proc/$pid/exe")") in
      pulumi*) ;;
      node) grep -qzF '@pulumi/pulumi/cmd/' "/proc/$pid/cmdline" || continue ;;
      *) continue ;;
    esac
    kill -KILL "$pid"
  done
}

remove_boxes() { # FOLDER
  local boxes label
  label=label=lab=$(basename "$1")
  boxes=$(timeout 20 docker ps -aq --filter "$label")
  # shellcheck disable=SC2086
  [ -z "$boxes" ] || timeout 120 docker rm -fv $boxes
  timeout 20 docker network prune --force --filter "$label"
}

end_processes() { # FOLDER
  local file pid program
  for file in "$1"/pids/*; do
    if [ ! -f "$file" ] || [ "$(basename "$file")" = dockerd ]; then continue; fi
    read -r pid program <"$file"
    finish "$pid" "$program" 5
  done
  [ -f "$1/pids/dockerd" ] || return 0
  read -r pid program <"$1/pids/dockerd"
  finish "$pid" "$program" 30
  # Only where it was killed: what it had started has no parent any more.
  pid=$(cat "$1/docker/containerd/containerd.pid" 2>/dev/null) && finish "$pid" containerd 5
  [ -f "$1/made-docker0" ] && ip link delete docker0
}

free_devices() { # FOLDER: mounts, the deepest first; loop devices of its volumes, also where the file is gone
  awk -v folder="$1/" 'index($5, folder) == 1 { print $5 }' /proc/self/mountinfo | sort -r |
    while read -r mount; do umount --lazy "$mount"; done
  losetup --list --noheadings --output NAME,BACK-FILE | awk -v folder="$1/" 'index($2, folder) == 1 { print $1 }' |
    while read -r device; do losetup --detach "$device"; done
}

sweep() { # FOLDER
  [ -d "$1" ] || return 0
  export DOCKER_HOST
  DOCKER_HOST=$(cat "$1/docker.host" 2>/dev/null)
  {
    end_engine "$1"
    [ -z "$DOCKER_HOST" ] || remove_boxes "$1"
    end_processes "$1"
    free_devices "$1"
  } >>"$1/reaper.log" 2>&1
  [ -n "${LAB_KEEP:-}" ] || rm -rf --one-file-system "$1"
}

# In one piece, so that a change of this file does not touch a guard that is on duty.
guard() {
  exec 9>>"$lock"
  if ! flock --nonblock 9; then
    cat "$lock"
    flock --wait "${LAB_WAIT:-120}" 9 || exit 75
  fi
  previous=$(cat "$lock")
  # What a run left whose guard was killed as well.
  [ -z "$previous" ] || sweep "$previous"
  echo "$folder" >"$lock"
  echo ready
  exec >/dev/null
  cat >/dev/null
  sweep "$folder"
  : >"$lock"
}

guard; exit
