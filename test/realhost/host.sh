#!/bin/sh
# What root does on a real host beside the product: `host` rows of rows.ts. Ends with another code than 0 if it fails.
#   host.sh WORD VM FOLDER
set -eu
vm=$2 folder=$3
node=$VIRT_REWIND_ROOT/node program=$VIRT_REWIND_ROOT/dist/commandLine.js
unit=virt-rewind-$vm-s
disk=$folder/$vm-files.qcow2

product() {
  "$node" "$program" -c qemu:///system "$@"
}
# Ends by the one who waits for it.
until_true() {
  until "$@"; do sleep 0.2; done
}
running() {
  virsh -q domstate "$1" | grep -q running
}
write_files() {
  image=$(mktemp --suffix=.raw) files=$(mktemp -d)
  mkdir "$files/etc"
  echo "$1" >"$files/etc/fstab"
  truncate -s 32M "$image"
  /sbin/mke2fs -q -t ext4 -U 6d2c9d0e-35f6-4a3f-9a4b-3f3a0f9c7a11 -d "$files" "$image"
}
# On the host at the other end of the cable, which serves the folder.
there() {
  ssh -o BatchMode=yes root@10.77.0.2 "$@"
}
kernel_there() {
  there 'mkdir -p /srv/one-host; cat >/srv/one-host/oracle.bin' </srv/one-host/oracle.bin
}
# How a VM is on a host, and how many snapshots it has there: `place HOST COMMAND…`.
place() {
  host=$1
  shift
  echo "$host: $("$@" virsh -q domstate "$vm" | tr -d '\n'); $("$@" virsh -q snapshot-list --name "$vm" | grep -c .) snapshots"
}
export_with() {
  there "echo '$folder.real 10.77.0.0/24(rw,sync,no_subtree_check,fsid=1,$1) 127.0.0.1(rw,sync,no_subtree_check,fsid=1,$1)' >/etc/exports
    exportfs -ra"
}
# As another user, without their group of libvirt: whoever has no agent, reads nothing from a terminal.
as_mallory() {
  runuser -u mallory -- "$node" "$program" -c qemu:///system "$@" </dev/null 2>&1 || echo "exit $?"
}

case $1 in
accounts)
  # One without rights, who may log in as one of group libvirt; and that one has a session.
  id -u alice >/dev/null 2>&1 || useradd --create-home --shell /bin/bash --groups libvirt,sudo alice
  runuser -u alice -- mkdir -p -m 700 /home/alice/.ssh
  id -u mallory >/dev/null 2>&1 || useradd --create-home --shell /bin/bash mallory
  loginctl enable-linger alice
  runuser -u mallory -- mkdir -p -m 700 /home/mallory/.ssh
  [ -e /home/mallory/.ssh/id_ed25519 ] ||
    runuser -u mallory -- ssh-keygen -q -t ed25519 -N '' -f /home/mallory/.ssh/id_ed25519
  cat /home/mallory/.ssh/id_ed25519.pub >>/home/alice/.ssh/authorized_keys
  sed 's/^/localhost /' /etc/ssh/ssh_host_ed25519_key.pub >/home/mallory/.ssh/known_hosts
  ;;
elsewhere)
  # Another computer, with the same network: its own name and number, no libvirt, no VMs.
  shift 3
  # shellcheck disable=SC2016
  exec unshare --mount --uts sh -euc 'echo elsewhere >/proc/sys/kernel/hostname
    echo 0123456789abcdef0123456789abcdef >/tmp/elsewhere-id
    mount --bind /tmp/elsewhere-id /etc/machine-id
    folder=$1
    shift
    mount -t tmpfs none "$folder"
    mount -t tmpfs none /run/libvirt
    exec "$@"' sh "$folder" "$@"
  ;;

permitFaults) sysctl -q vm.unprivileged_userfaultfd=1 ;;
forbidFaults) sysctl -q vm.unprivileged_userfaultfd=0 ;;
closeHome) chmod 750 /home/alice ;;
openHome) chmod o+x /home/alice ;;
giveFiles) chown alice "$folder/$vm"* ;;

watch)
  systemd-run -q --unit="watch-$vm" "$node" "$program" -c qemu:///system watch "$vm" --restart
  until_true sh -c "journalctl -q -u 'watch-$vm' | grep -q Watching"
  ;;
unwatch) systemctl stop "watch-$vm" ;;
restartDaemon) systemctl restart libvirtd ;;
stopDaemon) systemctl stop libvirtd ;;
crash)
  pid=$(cat "/run/libvirt/qemu/$vm.pid")
  kill -SEGV "$pid"
  until_true sh -c "! kill -0 $pid 2>/dev/null"
  until_true running "$vm"
  ;;

key) (
  umask 077
  echo secret >/root/key
) ;;
timerIsThere) systemctl list-timers --all --no-pager ;;
timerRuns)
  systemctl start "$unit.service"
  systemctl show --property=Result "$unit.service"
  ;;
timerCatchesUp)
  # As after two days in which the host was off.
  systemctl stop "$unit.timer"
  touch -d '2 days ago' "/var/lib/systemd/timers/stamp-$unit.timer"
  before=$(systemctl show --property=ExecMainStartTimestampMonotonic "$unit.service")
  systemctl start "$unit.timer"
  until_true sh -c "[ '$before' != \"\$(systemctl show --property=ExecMainStartTimestampMonotonic '$unit.service')\" ]"
  until_true sh -c "[ \"\$(systemctl show --property=SubState --value '$unit.service')\" = dead ]"
  systemctl show --property=Result "$unit.service"
  ;;
timerIsGone)
  ! systemctl cat "$unit.timer" 2>/dev/null
  ! systemctl cat "$unit.service" 2>/dev/null
  ;;

addFiles)
  write_files one
  qemu-img convert -O qcow2 "$image" "$disk"
  virsh -q attach-disk "$vm" "$disk" vdb --config --driver qemu --subdriver qcow2
  ;;
changeFiles)
  # Into the layer that the VM uses; what is below stays.
  top=$(virsh -q domblklist "$vm" | awk '$1 == "vdb" { print $2 }')
  write_files two
  qemu-img convert -O qcow2 -B "$disk" -F qcow2 "$image" "$top.new"
  cat "$top.new" >"$top"
  rm "$top.new"
  ;;

watchRestic)
  # shellcheck disable=SC2016
  printf '%s\n' '#!/bin/sh' '/usr/bin/restic "$@" || exit' 'read -r group </proc/self/cgroup' \
    'case $* in backup*) echo "$group idle $(cat "/sys/fs/cgroup${group#0::}/cpu.idle")" >>/root/way ;; esac' \
    >/usr/local/bin/restic
  chmod 755 /usr/local/bin/restic
  ;;
wayOfRestic)
  rm /usr/local/bin/restic
  cat /root/way
  ;;
folders) mkdir -p "$folder/exported-$vm" "$folder/folder-$vm" ;;
restore)
  export RESTIC_PASSWORD_FILE=/root/key
  mkdir -p "$folder/restored-$vm"
  id=$(product backups --from "$folder/repo-$vm" --json | sed -n 's/.*"id": *"\([0-9a-f]*\)".*/\1/p' | head -n 1)
  product restore "$id" --from "$folder/repo-$vm" --folder "$folder/restored-$vm" --as "$vm-back" --yes
  virsh -q start "$vm-back"
  product revert "$vm-back" a --yes
  product start "$vm-back"
  echo "state $(virsh -q domstate "$vm-back")"
  virsh -q destroy "$vm-back"
  mkdir -p "$folder/tried-$vm"
  product backups check "$id" --from "$folder/repo-$vm" --boot --folder "$folder/tried-$vm" --seconds 5
  ;;
again)
  virsh -q domstate "$vm-again"
  virsh -q destroy "$vm-again"
  ;;

share)
  mkdir -p -m 700 /root/.ssh
  install -m 600 "$VIRT_REWIND_ROOT/tests/key" /root/.ssh/id_ed25519
  until_true sh -c 'ssh-keyscan 10.77.0.2 >/root/.ssh/known_hosts 2>/dev/null && test -s /root/.ssh/known_hosts'
  # The same key lets the other one in here.
  there "mkdir -p -m 700 /root/.ssh; install -m 600 $VIRT_REWIND_ROOT/tests/key /root/.ssh/id_ed25519
    ssh-keyscan 10.77.0.1 >/root/.ssh/known_hosts 2>/dev/null
    mkdir -p '$folder' '$folder.real'; chmod 777 '$folder.real'; systemctl start nfs-server"
  export_with no_root_squash
  there "mount -t nfs4 -o vers=4.2 127.0.0.1:'$folder.real' '$folder'"
  mkdir -p "$folder"
  mount -t nfs4 -o vers=4.2 "10.77.0.2:$folder.real" "$folder"
  ;;
serverLeaves)
  there 'systemctl stop nfs-server; systemd-run -q --on-active=60 systemctl start nfs-server'
  ;;
moveAndBack)
  kernel_there
  product move "$vm" qemu+ssh://root@10.77.0.2/system --address 10.77.0.2 --yes >&2
  place next there
  "$node" "$program" -c qemu+ssh://root@10.77.0.2/system move "$vm" qemu:///system --address 10.77.0.1 --yes >&2
  place first env
  ;;
startThere)
  kernel_there
  virsh -q dumpxml --inactive "$vm" >/tmp/there.xml
  there "cat >/tmp/there.xml; virsh -q define /tmp/there.xml; virsh -q start '$vm'" </tmp/there.xml
  ;;
endThere) there "virsh -q destroy '$vm'; virsh -q undefine '$vm'" ;;
squashed)
  export_with root_squash
  product checkpoint "$vm" squashed --kind disk || echo "exit $?"
  product checkpoint "$vm" squashedRam --kind memory || echo "exit $?"
  export_with no_root_squash
  ;;

image) qemu-img create -q -f qcow2 "$folder/$vm-image.qcow2" 64M ;;
newRuns) virsh -q domstate "$vm-new" ;;
lab)
  mkdir -p /root/lab
  cd /root/lab
  nasm -f bin -o guest.bin "$VIRT_REWIND_ROOT/scripts/guest/oracle.asm"
  cat >virt-rewind.yaml <<END
version: 1
name: $vm-lab
vms:
  one:
    boot: { kernel: guest.bin }
    memory: 8 MiB
    disks: [4 MiB]
  two:
    boot: { kernel: guest.bin }
    memory: 8 MiB
    disks: [4 MiB]
points:
  - title: clean
END
  product lab create --yes
  product lab reset --yes
  echo 'reset done'
  product lab destroy --yes
  echo destroyed
  ;;

debug)
  "$node" "$program" -c qemu:///system gdb "$vm" >/tmp/gdb 2>&1 &
  server=$!
  until_true test -s /tmp/gdb
  mkfifo /tmp/words
  nc -U "$(head -n 1 /tmp/gdb)" </tmp/words >/tmp/heard &
  talk=$!
  exec 3>/tmp/words
  # Why it stopped, and that it goes on.
  printf '+$?#3f+$D#44' >&3
  until_true sh -c "grep -q OK /tmp/heard || ! kill -0 $talk 2>/dev/null"
  exec 3>&-
  kill "$talk" 2>/dev/null || true
  cat /tmp/heard
  rm /tmp/words
  kill "$server"
  wait "$server" || true
  until_true running "$vm"
  ;;

tpm | uefi)
  virsh -q dumpxml --inactive "$vm" >/tmp/machine.xml
  if [ "$1" = tpm ]; then
    sed -i "s|<memballoon|<tpm model='tpm-crb'><backend type='emulator' version='2.0'/></tpm><memballoon|" /tmp/machine.xml
  else
    # The devices of the other board, which libvirt chooses anew.
    perl -0pi -e "s|<os>|<os firmware='efi'>|; s|<kernel>.*?</kernel>||; s|machine='pc[^']*'|machine='q35'|;
      s|>4096</|>131072</|g; s|<address type='pci'[^>]*/>||g;
      s{<controller type='(?:pci|ide)'[^>]*?(?:/>|>.*?</controller>)}{}sg" /tmp/machine.xml
  fi
  virsh -q undefine "$vm"
  virsh -q define /tmp/machine.xml
  ;;

polkitWithout) as_mallory list ;;
polkitAgent)
  # The agent answers for one process, which waits for it.
  echo 'alice:secret' | chpasswd
  work=$(mktemp -d)
  chmod 777 "$work"
  mkfifo -m 666 "$work/go" "$work/typed" "$work/there"
  # shellcheck disable=SC2016
  runuser -u mallory -- sh -c 'echo $$ >"$1/pid"; read -r go <"$1/go"; shift; exec "$@"' sh "$work" \
    "$node" "$program" -c qemu:///system list >"$work/listed" 2>&1 &
  asked=$!
  until_true test -s "$work/pid"
  agent="pkttyagent --process $(cat "$work/pid") --notify-fd 4 4>$work/there"
  script -qfc "$agent" "$work/agent" <"$work/typed" >/dev/null 2>&1 &
  agent=$!
  exec 3>"$work/typed"
  # It is closed when the agent is there, or has failed.
  cat "$work/there"
  echo >"$work/go"
  until_true sh -c "grep -qi password: '$work/agent' || ! kill -0 $asked"
  echo secret >&3
  wait "$asked" || echo "exit $?"
  exec 3>&-
  kill "$agent" || true
  cat "$work/agent" "$work/listed"
  rm -r "$work"
  ;;
polkitReads)
  # As an editor in which the connection is read-only leaves it.
  runuser -u mallory -- sh -c 'cd && mkdir -p .local/state/virt-rewind && cat >.local/state/virt-rewind/settings.json' <<END
{ "version": 1, "settings": { "virtRewind.connections": [{ "uri": "qemu:///system", "readOnly": true }] } }
END
  as_mallory list
  as_mallory checkpoint "$vm"
  # Everybody may read, unless the host says otherwise.
  cat >/etc/polkit-1/rules.d/60-reads.rules <<'END'
polkit.addRule(function (action, subject) {
  if (action.id === 'org.libvirt.unix.monitor' && subject.user === 'mallory') return polkit.Result.NO;
});
END
  as_mallory list
  rm /etc/polkit-1/rules.d/60-reads.rules /home/mallory/.local/state/virt-rewind/settings.json
  ;;

*)
  echo "host.sh: no word $1" >&2
  exit 2
  ;;
esac
