# What a shell of a host is told before files there are asked for. Paths are arguments everywhere, and begin with a
# slash.
#
# | function | carries out                                                                          |
# |----------|--------------------------------------------------------------------------------------|
# | facts_of | stats of a file, as `parseStat` reads them; the first argument says of a link or not  |
# | is_file  | refuses what would keep a reader waiting: all but files and block devices             |
# | may      | whether a path may be read, written, entered, and why not: never makes one            |
# | head_of  | stats as an error, and the first bytes: of a pipe nothing, that nobody waits          |
# | pieces   | bytes of a file, `at` and `length` of each; then, as an error, which file it is now   |
# | text     | its first bytes                                                                       |
# | names    | at most so many                                                                       |
# | make     | a file that was not there, and tells which                                            |
# | hold     | keeps a file of ours open                                                              |
# | fill     | bytes, given as base64, into that file                                                |
# | take     | so many bytes of what comes next, into that file, or nothing of them                  |
# | digest   | SHA-256 of a text and what is in a file                                               |
# | write    | a text into a file that was not there                                                 |
# | over     | bytes, given as base64, over the first ones of a file                                 |
# | ram      | a head, given as base64, so often, and what stands in a file from a byte on           |
# | hand     | that, into a pipe, which keeps it until it is ended; before, whether it can be read   |
umask 077
facts_of() { stat "$1" '%f %d %i %u %g %h %t %T %s %b %B %.9Y %.9Z %.9W' -- "$2"; }
is_file() {
  [ -f "$1" ] || [ -b "$1" ] || { echo "$1: Operation not supported" >&2; return 1; }
}
may_it() {
  case $1 in
    r) [ -r "$2" ] ;;
    w) [ -w "$2" ] ;;
    x) [ -x "$2" ] ;;
  esac
}
may() {
  stat -Lc %f -- "$1" >/dev/null || return
  for right in $2; do
    may_it "$right" "$1" && continue
    [ "$right" = w ] && [ -f "$1" ] && dd if=/dev/null of="$1" conv=notrunc,nocreat oflag=nonblock count=0 status=none
    echo "$1: Permission denied" >&2
    return 1
  done
}
head_of() {
  facts_of -Lc "$1" >&2 || return
  is_file "$1" 2>/dev/null || return 0
  # The first read of an image takes as much.
  dd if="$1" iflag=nonblock,count_bytes,fullblock bs=1024 count=1024 status=none
}
pieces() {
  is_file "$1" || return
  path=$1
  shift
  while [ "$#" -gt 1 ]; do
    dd if="$path" iflag=nonblock,skip_bytes,count_bytes,fullblock bs=65536 skip="$1" count="$2" status=none || return
    shift 2
  done
  stat -Lc %d:%i -- "$path" >&2
}
text() { is_file "$1" && head -c "$2" -- "$1"; }
names() { find "$1/" -mindepth 1 -maxdepth 1 -printf '%f\0' | head -zn "$2"; }
# It opens what somebody put there meanwhile too, changes nothing of it, and does not end the shell where nothing is.
hold() { [ -f "$1" ] && exec 5<>"$1"; }
fill() { printf %s "$1" | base64 -d >&5; }
take() {
  if dd iflag=fullblock,count_bytes bs=1M count="$1" status=none of=/proc/self/fd/5; then
    [ "$(stat -Lc %s /proc/self/fd/5)" = "$1" ] && return
  fi
  : >/proc/self/fd/5
  false
}
digest() { is_file "$1" && { printf %s "$2"; cat -- "$1"; } | sha256sum; }
let_go() { exec 5>&-; }
make() { (set -C; exec 8>"$1" && facts_of -Lc /proc/self/fd/8); }
write() { (set -C; printf %s "$2" >"$1") && sync -- "$1"; }
over() {
  printf %s "$2" | base64 -d |
    dd of="$1" bs=1M iflag=fullblock conv=notrunc,nocreat,fsync oflag=nofollow,nonblock status=none
}
ram() {
  is_file "$1" || return
  left=$3
  while [ "$left" -gt 0 ]; do
    printf %s "$4" | base64 -d || return
    left=$((left - 1))
  done
  dd if="$1" iflag=skip_bytes skip="$2" bs=1M status=none
}
copy_ram() { ram "$2" "$3" 1 "$4" >"$1"; }
hand() {
  is_file "$2" || return
  dd if="$2" iflag=skip_bytes skip="$3" bs=1 count=1 of=/dev/null status=none || return
  # A pipe is opened by nobody for itself.
  # shellcheck disable=SC2094
  exec 7<>"$1" 6<"$1" 8>"$1" 7>&- || return
  echo open
  shift
  ram "$@" >&8 6<&- || return
  exec 8>&-
  exec sleep 2147483647
}
