#!/bin/bash
# Runs a command on a bare machine: a folder is its root file system; processes, name, mounts, cgroups, /dev and /run are
# its own. The network is this machine's. When the command ends, so does all that it started.
# usage: bareRoom.sh FOLDER COMMAND...      as root
set -eu

# Groups of its own below this process's, so that no VM has run in them.
groups=()
parents=()
own_group() {
  local parent=$1 group=$1/bare-room-$$
  mkdir "$group"
  groups+=("$group")
  parents+=("$parent")
  for file in cpuset.cpus cpuset.mems; do
    [ ! -e "$parent/$file" ] || cat "$parent/$file" >"$group/$file"
  done
  echo $$ >"$group/cgroup.procs"
}

end() {
  trap '' TERM INT HUP
  [ -z "$child" ] || kill -9 "$child" 2>/dev/null || true
  for index in "${!groups[@]}"; do
    echo $$ >"${parents[$index]}/cgroup.procs"
    # Processes that were killed are gone a moment later.
    for _ in {1..100}; do
      find "${groups[$index]}" -depth -type d -exec rmdir {} + 2>/dev/null && break
      sleep 0.05
    done
  done
}

child=
trap end EXIT
trap 'exit 143' TERM INT HUP
# Read first, for it changes with each group.
mapfile -t memberships </proc/self/cgroup
for membership in "${memberships[@]}"; do
  IFS=: read -r _ controllers path <<<"$membership"
  mounted=
  [ -z "$controllers" ] || mounted=$(findmnt -n -f -t cgroup -O "${controllers%%,*}" -o TARGET) || mounted=
  [ -z "$mounted" ] || own_group "$mounted${path%/}"
done

unshare --mount --propagation private --pid --fork --kill-child=SIGKILL --uts --ipc --cgroup \
  bash "$(dirname "$0")/bareRoomInit.sh" "$@" &
child=$!
wait "$child"
