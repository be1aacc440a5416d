# Becomes what leads to the libvirt daemon of this host. It is read as one line (see `lineForShell`).
#   mark     printed in a line of its own before
#   name     what the daemon is asked to open
#   only     -r: to read
#   ways     native: libvirt's helper; netcat: nc -U
#   nc       a program in the place of nc
#   session  not empty: the daemon of this user
#   others   its sockets, the first of which is used: whole paths, or names in its folder
# Ends with 95 where there is no socket, 96 where nothing leads to it, 97 where this user may not open it.
mark=$1; name=$2; only=$3; ways=$4; nc=$5; session=$6;
shift 6;
folder=/var/run/libvirt;
if [ -n "$session" ]; then folder=${XDG_RUNTIME_DIR:-$HOME/.cache}/libvirt; fi;
found=; closed=;
for socket in "$@"; do
  case $socket in /*) ;; *) socket=$folder/$socket;; esac;
  if [ -S "$socket" ]; then
    if [ -w "$socket" ]; then found=${found:-$socket}; else closed=${closed:-$socket}; fi;
  fi;
done;
if [ -z "$found" ] && [ -n "$closed" ]; then stat -c %G -- "$closed" >&2; exit 97; fi;
case $ways in *native*)
  if command -v virt-ssh-helper >/dev/null 2>&1; then
    # It starts the daemon of a user by itself.
    if [ -z "$found$session" ]; then exit 95; fi;
    echo "$mark";
    exec virt-ssh-helper ${only:+"$only"} "$name";
  fi;;
esac;
if [ -z "$found" ]; then exit 95; fi;
case $ways in *netcat*) ;; *) exit 96;; esac;
if ! command -v "${nc:-nc}" >/dev/null 2>&1; then exit 96; fi;
# BusyBox's has no such option.
if [ -z "$nc" ]; then nc=nc; case $(nc -h 2>&1) in *-U*) ;; *) exit 96;; esac; fi;
# Debian's traditional one would wait for the other side after ours has ended.
case $("$nc" -q 2>&1) in *"requires an argument"*) set -- -q0;; *) set --;; esac;
echo "$mark";
exec "$nc" "$@" -U "$found"
