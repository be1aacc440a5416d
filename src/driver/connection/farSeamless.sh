# What a shell on a host that is logged in to is told for the RAM of a guest that runs on. Paths begin with a slash. The
# file with the RAM stays open in this shell, under descriptor 9, until it is finished or given up.
#
# | function   | carries out                                                                          |
# |------------|--------------------------------------------------------------------------------------|
# | obstacle   | what keeps this host from it, for a VM with files in these folders: a word, a folder |
# | guards     | whether QEMU's user, absent: ours, may guard memory: yes, byDevice, no               |
# | begin_ram  | a file that was not there, with this head, given as base64, at its begin             |
# | hand_over  | the file, to the QEMU of a VM, by a command of its monitor                           |
# | finish_ram | other bytes at its begin; then it gets its name, which nobody else may have          |
# | discard    | takes it away                                                                        |
umask 077
obstacle() {
  virsh help qemu-monitor-command 2>/dev/null | grep -qe --pass-fds || { echo noVirsh; return; }
  for folder; do
    { [ -w "$folder" ] && [ -x "$folder" ]; } || { printf 'folder %s\n' "$folder"; return; }
  done
  echo none
}
guards() {
  [ "${1:-$(id -u)}" = 0 ] && { echo yes; return; }
  setting=/proc/sys/vm/unprivileged_userfaultfd
  # A kernel without the setting lets everybody.
  { [ ! -e "$setting" ] || [ "$(cat "$setting")" = 1 ]; } && { echo yes; return; }
  case $(stat -c %A /dev/userfaultfd 2>/dev/null) in
    ???????rw*) echo byDevice ;;
    *) echo no ;;
  esac
}
begin_ram() {
  # A shell ends where `exec` fails, unless it is a command.
  set -C
  command exec 9>"$1" || { set +C; return 1; }
  set +C
  printf %s "$2" | base64 -d >&9 || { discard "$1"; return 1; }
}
hand_over() { virsh --connect "$1" qemu-monitor-command --domain "$2" --pass-fds 9 --cmd "$3"; }
is_ours() { [ "$(stat -c %d:%i -- "$1" 2>/dev/null)" = "$(stat -Lc %d:%i /proc/self/fd/9)" ]; }
finish_ram() {
  is_ours "$1" || { echo "$1: No such file or directory"; return 1; }
  printf %s "$3" | dd of=/proc/self/fd/9 conv=notrunc,nocreat,fsync status=none &&
    ln -T -- "$1" "$2" && rm -f -- "$1" && sync -- "$(dirname -- "$2")" || return
  exec 9>&-
}
discard() {
  is_ours "$1" && rm -f -- "$1"
  exec 9>&-
}
