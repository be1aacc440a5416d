# What a shell of ours is told first; $mark is set before. An answer is what a command wrote, a line with the mark and
# its exit, its errors, and a line with the mark: nobody who writes to a file there knows the mark.
#
# | function  | carries out                                                                |
# |-----------|----------------------------------------------------------------------------|
# | answer    | a command, its output apart from its errors                                |
# | keep      | a command in this shell itself: what it opens stays open                   |
# | watched   | a program, which ends with the connection, and when a line comes meanwhile |
# | say_begun | tells that what follows is for a command, which reads it                   |
# | say_fed   | the end of that command: what it has not read is no command                |
mark=${mark:?}
exec 3>&1 4<&0
LC_ALL=C
export LC_ALL
umask 077
say() { printf '\n%s %s\n%s\n%s .\n' "$mark" "$1" "$2" "$mark"; }
answer() {
  said=$("$@" 2>&1 >&3 </dev/null)
  say "$?" "$said"
}
keep() {
  "$@" 2>&1 </dev/null
  say "$?" ''
}
watched() {
  "$@" </dev/null & program=$!
  { if read -r _ <&4; then kill "$program"; else kill -9 "$program"; fi; } 2>/dev/null & watch=$!
  wait "$program"; code=$?
  kill -9 "$watch"; wait "$watch" 2>/dev/null
  return "$code"
}
say_begun() { printf '\n%s begun\n' "$mark"; }
say_fed() {
  code=$1
  say "$code" ''
  [ "$code" = 0 ] || { cat >/dev/null; exit; }
}
