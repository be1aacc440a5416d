# Gives a guest, which has a seed of its own by now, a machine ID and SSH host keys of its own. It tells each part.
#
# machine-id(5): 32 hex digits and a line break. The new keys are whole before the old ones go: of the types that
# ssh-keygen(1) makes by itself. sshd(8) reads them again at SIGHUP; one that is started for each login does so anyway.
echo seed
umask 022
if [ -f /etc/machine-id ]; then
  id=$(tr -d - </proc/sys/kernel/random/uuid)
  printf '%s\n' "$id" >/etc/machine-id
  if [ -f /var/lib/dbus/machine-id ] && [ ! -L /var/lib/dbus/machine-id ]; then
    printf '%s\n' "$id" >/var/lib/dbus/machine-id
  fi
  echo machineId
fi
if [ -d /etc/ssh ] && command -v ssh-keygen >/dev/null; then
  new=$(mktemp -d)
  trap 'rm -rf "$new"' EXIT
  mkdir -p "$new/etc/ssh"
  ssh-keygen -A -f "$new" >/dev/null
  rm -f /etc/ssh/ssh_host_*_key /etc/ssh/ssh_host_*_key.pub
  cp -p "$new"/etc/ssh/ssh_host_* /etc/ssh/
  if command -v restorecon >/dev/null; then restorecon -R /etc/ssh || :; fi
  if [ -s /run/sshd.pid ]; then kill -HUP "$(cat /run/sshd.pid)" || :; fi
  echo hostKeys
fi
