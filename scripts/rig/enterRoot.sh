#!/bin/bash
# Runs a command with the programs and libraries of another Debian release instead of the machine's, all other paths being
# as they are: disks, sockets and the checkout have one name on both sides. Knows nothing of libvirt.
# usage: enterRoot.sh ROOT COMMAND...      in a mount namespace of one's own
root=$1
shift
for folder in /bin /sbin /lib; do
  [ -L "$folder" ] || { echo "failed: $folder is no link into /usr on this machine"; exit 1; }
done
mount --bind "$root/usr" /usr || { echo 'failed to lay the release over /usr'; exit 1; }
# The machine's languages are not the release's; the rights that an ordinary user has for the mount alone end here.
exec env LC_ALL=C setpriv --inh-caps=-all --ambient-caps=-all "$@"
