# Gives a clone a machine ID of its own before the rest of cloud-init: once, for it is run at each start. Programs that
# run by then keep the old one until they are started again.
done=/var/lib/cloud/instance/virt-rewind-identity
if [ -e "$done" ] || [ ! -f /etc/machine-id ]; then exit 0; fi
id=$(tr -d - </proc/sys/kernel/random/uuid)
printf '%s\n' "$id" >/etc/machine-id
if [ -f /var/lib/dbus/machine-id ] && [ ! -L /var/lib/dbus/machine-id ]; then
  printf '%s\n' "$id" >/var/lib/dbus/machine-id
fi
: >"$done"
