# serve WORDS: an image as a disk, for `relay`. The server ends with the connection to it, and its socket with this
# shell. Where no netcat is installed it starts none, for nobody could end it.
serve() {
  folder=$(mktemp -d) || return
  trap '{ kill "$(cat "$folder/pid")"; rm -rf "$folder"; } 2>/dev/null' EXIT
  trap exit HUP INT TERM PIPE
  if command -v ncat >/dev/null; then netcat='ncat -U'; else netcat='nc -N -U'; fi
  command -v "${netcat%% *}" >/dev/null || { echo 'netcat is not installed there'; return 1; }
  qemu-nbd --fork --pid-file "$folder/pid" --socket "$folder/disk" "$@" 3>&- 4<&-
}
relay() {
  # shellcheck disable=SC2086
  $netcat "$folder/disk" 2>/dev/null
}
