#!/bin/bash
# The first process of a bare room: makes a folder the root file system of its namespaces, with /proc, /sys, /dev and
# /run, and runs a command there.
# usage: bareRoomInit.sh FOLDER COMMAND...      in the namespaces that bareRoom.sh makes
set -eu
room=$1
shift
mount --bind "$room" "$room"
cd "$room"
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t tmpfs -o mode=755 run run
mkdir run/lock
mount -t tmpfs -o mode=755 dev dev
for name in null zero full random urandom tty fuse kvm loop-control; do
  [ ! -e "/dev/$name" ] || cp -a "/dev/$name" dev/
done
mkdir dev/net dev/pts dev/shm
[ ! -e /dev/net/tun ] || cp -a /dev/net/tun dev/net/
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts dev/pts
mount -t tmpfs -o mode=1777 shm dev/shm
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
for number in 0:stdin 1:stdout 2:stderr; do ln -s "/proc/self/fd/${number%:*}" "dev/${number#*:}"; done
# As far as this machine has them: the hierarchies of version 1, each in its folder, and that of version 2.
if grep -q '^[^:]*:[^:]' /proc/self/cgroup; then
  mount -t tmpfs -o mode=755 cgroups sys/fs/cgroup
  while IFS=: read -r _ controllers _; do
    folder=sys/fs/cgroup/${controllers#name=}
    case $controllers in
    '') mkdir sys/fs/cgroup/unified && mount -t cgroup2 cgroup2 sys/fs/cgroup/unified ;;
    name=*) mkdir "$folder" && mount -t cgroup -o "none,$controllers" cgroup "$folder" ;;
    *) mkdir "$folder" && mount -t cgroup -o "$controllers" cgroup "$folder" ;;
    esac
  done </proc/self/cgroup
else
  mount -t cgroup2 cgroup2 sys/fs/cgroup
fi
hostname bare
# Not chroot: a process in one may not make user namespaces.
mkdir .outside
pivot_root . .outside
cd /
umount -l /.outside
rmdir /.outside
# Not exec: this one waits for the orphans.
path=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
status=0
env -i PATH="$path" TERM="${TERM:-linux}" LANG=C.UTF-8 "$@" || status=$?
exit "$status"
