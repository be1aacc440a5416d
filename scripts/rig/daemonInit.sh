#!/bin/bash
# The first process beside a private libvirtd: lays out what the daemon sees, starts and kills it as it is told on its
# standard input (start, kill), reaps orphans, and takes everything down when that input ends, however that came about.
# usage: daemonInit.sh system|session|machine FOLDER keep|remove show-kvm|hide-kvm LIBVIRTD [REVIVALS]
#   system, session: a private daemon whose folders are in FOLDER; machine: the machine's own, only its log is in FOLDER
#   LIBVIRTD_ARGUMENTS, in the environment: words without spaces
#   OWN_HOSTNAME, in the environment: this one is alone on its host
#   REVIVALS: how often a daemon that falls is started again, as a service manager does it; none unless given
mode=$1 dir=$2 after=$3 kvm=$4 libvirtd=$5 revivals=${6:-0}
pid=

die() { echo "failed $*"; exit 1; }

private_dev() {
  local new=$dir/dev name
  mkdir -p "$new" && mount -t tmpfs -o mode=755 dev "$new" || return 1
  for name in null:1:3 zero:1:5 full:1:7 random:1:8 urandom:1:9 tty:5:0 fuse:10:229; do
    IFS=: read -r file major minor <<<"$name"
    mknod -m 666 "$new/$file" c "$major" "$minor" || return 1
  done
  # For disks that are devices, of several runs at a time; where none can be made, there are none.
  for minor in {0..31}; do mknod -m 660 "$new/loop$minor" b 7 "$minor" || break; done
  mkdir "$new/net" "$new/pts" "$new/shm" && mknod -m 666 "$new/net/tun" c 10 200
  mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$new/pts" || return 1
  mount -t tmpfs shm "$new/shm" || return 1
  ln -s pts/ptmx "$new/ptmx"
  ln -s /proc/self/fd "$new/fd"
  ln -s /proc/self/fd/0 "$new/stdin"
  ln -s /proc/self/fd/1 "$new/stdout"
  ln -s /proc/self/fd/2 "$new/stderr"
  # What is merely covered stays in the list of mounts, where libvirt finds it and fails to move it.
  while grep -q ' /dev[ /]' /proc/self/mounts && umount -R -l /dev; do :; done 2>/dev/null
  mount --move "$new" /dev
}

private_system() {
  # Without the system's /run the daemon meets neither systemd nor the bus, without cgroups it changes none.
  umount -R -l /sys/fs/cgroup 2>/dev/null
  mount -t tmpfs -o mode=755 run /run || return 1
  # The user of a console is noted below /run/lock.
  mkdir -p /run/lock /run/libvirt /etc/libvirt /var/lib/libvirt /var/cache/libvirt /var/log/libvirt
  mount --bind "$dir/run" /run/libvirt && mount --bind "$dir/etc" /etc/libvirt &&
    mount --bind "$dir/lib" /var/lib/libvirt && mount --bind "$dir/cache" /var/cache/libvirt &&
    mount --bind "$dir/log" /var/log/libvirt || return 1
  [ "$kvm" = show-kvm ] || private_dev || return 1
  command -v ip >/dev/null && ip link set lo up
  return 0
}

# In a process of its own, whose end by SIGTERM is the daemon's by SIGKILL.
keep_running() {
  local fallen=0 code
  exec 2>>"$log" # bash tells there of each end
  # Told again while it ends, it would not wait for the daemon any more, which holds its lock until its last thread has ended.
  trap 'trap "" TERM; kill -9 $(jobs -p) 2>/dev/null; wait; exit' TERM
  while :; do
    "$libvirtd" $LIBVIRTD_ARGUMENTS </dev/null >>"$log" 2>&1 &
    wait $!
    code=$?
    [ "$code" -gt 128 ] && [ "$fallen" -lt "$revivals" ] || return "$code"
    fallen=$((fallen + 1))
    echo "libvirtd fell by signal $((code - 128)), and is started again: $fallen of $revivals" >>"$log"
  done
}

kill_daemon() {
  local signal=KILL
  [ "$revivals" = 0 ] || signal=TERM
  while [ -n "$pid" ] && kill -$signal "$pid" 2>/dev/null; do sleep 0.01; done
  pid=
}

end_everything() {
  if [ "$mode" = machine ] && [ -n "$pid" ]; then
    # They have files to tidy that are not ours.
    kill "$pid" "$logger" 2>/dev/null
    for _ in {1..50}; do kill -0 "$pid" 2>/dev/null && sleep 0.1 || break; done
  fi
  kill_daemon
  if [ $$ = 1 ]; then
    kill -9 -1 2>/dev/null # we are init of a PID namespace, so "all" are only our own
    for _ in {1..200}; do kill -0 -1 2>/dev/null && sleep 0.01 || break; done # who is dying may still write
  else
    local file
    for file in "$dir"/x/libvirt/qemu/run/*.pid; do
      [ -e "$file" ] && kill -9 "$(<"$file")" 2>/dev/null
    done
  fi
  [ "$after" = keep ] || rm -rf --one-file-system "$dir" 2>/dev/null
}

log=$dir/libvirtd.log
[ "$mode" != machine ] || [ $$ = 1 ] || die "without a PID namespace"
if [ "$mode" = system ]; then
  private_system 2>>"$log" || die 'to make private folders'
elif [ "$mode" = machine ]; then
  : >"$log"
  mkdir -p /run/lock # consoles need it, and a machine that nobody booted may lack it
  [ "$kvm" = show-kvm ] || private_dev 2>>"$log" || die 'to make a private /dev'
  # Writes the consoles' logs. No log server, no VM.
  virtlogd </dev/null >>"$log" 2>&1 &
  logger=$!
  disown "$logger"
else
  export HOME=$dir/h XDG_RUNTIME_DIR=$dir/x XDG_CONFIG_HOME=$dir/c XDG_CACHE_HOME=$dir/k
  unset XDG_DATA_HOME XDG_STATE_HOME
fi
[ -z "$OWN_HOSTNAME" ] || hostname "$OWN_HOSTNAME" || die 'to have a name of its own'
cd /
trap end_everything EXIT
trap : TERM INT HUP
echo ready
while read -r order; do
  case $order in
  start)
    if [ "$revivals" = 0 ]; then "$libvirtd" $LIBVIRTD_ARGUMENTS </dev/null >>"$log" 2>&1 & else keep_running & fi
    pid=$!
    disown "$pid" # bash reaps it all the same, but says nothing of its death
    echo "started $pid"
    ;;
  kill)
    kill_daemon
    echo killed
    ;;
  hang)
    kill -STOP "$pid"
    echo hung
    ;;
  go)
    kill -CONT "$pid"
    echo going
    ;;
  alive)
    if [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null; then echo alive; else echo dead; fi
    ;;
  esac
done
