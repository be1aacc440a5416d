# What a shell on a host of a copy is told first. Folders and files are arguments, as whole paths where nothing else is
# said. A function with a code of its own ends with it: see `codes` in hostFolder.ts.
umask 022
# As `find` tells it: the number of a file is given again, its birth is not.
identity='%i:%B@'
is_same() { [ "$(find "$2" -maxdepth 0 -type "$1" -printf "$identity" 2>/dev/null)" = "$3" ]; }

# Where a copy is made.
require_tools() {
  for tool in dd truncate touch sha256sum find flock mktemp df sync; do
    command -v "$tool" >/dev/null || { echo "$tool"; exit 42; }
  done
  case $(dd --version 2>/dev/null) in *coreutils*) ;; *) echo coreutils; exit 42 ;; esac
}
# begin_export FOLDER ITS-PARENT BEGUN
begin_export() (
  require_tools
  if [ -e "$1" ] || [ -L "$1" ]; then exit 40; fi
  mkdir -p -- "$2" && mkdir -m 755 -- "$3" && mkdir "$3/disks" && find "$3" -maxdepth 0 -printf "$identity"
)
# begin_replica FOLDER UUID
begin_replica() (
  require_tools
  own=$1/.virt-rewind-replica
  if [ -e "$1" ]; then
    [ -f "$own" ] || exit 40
    [ "$(cat "$own" 2>/dev/null)" = "$2" ] || exit 40
    for one in disks xml .new .new/xml; do
      [ ! -L "$1/$one" ] || { echo "$one"; exit 43; }
    done
  else
    umask 077 && mkdir -p -- "$1" && echo "$2" >"$own" || exit
  fi
  mkdir -p "$1/disks"
)
# It is held by the shell, and goes with it.
lock() { exec 9<"$1" && { flock -n 9 || return 41; }; }
# finish_export FOLDER BEGUN
finish_export() (
  [ -e "$1" ] && exit 40
  mv -T -- "$2" "$1"
)

# What is in it.
list_files() { find "$1" -maxdepth 1 -type f -printf "%s %T@ $identity %f\n"; }
list_all() (cd "$1" && find . disks xml -mindepth 1 -maxdepth 1 -printf '%p\n')
tell_room() { df --output=avail -B1 "$1" | tail -n 1; }
# sums_in FOLDER NAMES
sums_in() (cd "$1" && shift && sha256sum -- "$@")
sum_of() { { [ -f "$1" ] || [ -b "$1" ]; } && sha256sum <"$1"; }
# read_text FOLDER NAME: what cannot be looked at is not missing.
read_text() {
  if [ -f "$1/$2" ] && cat "$1/$2" 2>/dev/null; then return; fi
  names=$(find "$1/" -mindepth 1 -maxdepth 1 -printf '%f\n') && ! printf '%s\n' "$names" | grep -qxF "$2"
}

# What we made there, each file with its identity.
reserve() (
  set -C
  umask 077
  for file; do : >"$file" || exit; done
)
remove_files() {
  while [ "$#" -gt 1 ]; do
    if is_same f "$1" "$2"; then rm -f -- "$1"; fi
    shift 2
  done
}
# remove_begun FOLDER IDENTITY FILES…: who writes into it has a lock of it. One that was not told from others yet has
# nothing of ours in it.
remove_begun() (
  folder=$1
  if [ -n "$2" ]; then is_same d "$folder" "$2" || exit; fi
  shift 2
  flock -n "$folder" true || exit
  remove_files "$@"
  rmdir -- "$folder/disks" "$folder/xml" "$folder/.new/xml" "$folder/.new" "$folder"
) 2>/dev/null

# Its papers, by their names in it. What an interrupted one left is of these names.
begin_papers() (
  cd "$1" || exit
  shift
  for name; do rm -f -- ".new/$name" || exit; done
  mkdir -p .new/xml xml
)
# The last of them makes a folder a copy.
place_papers() (
  cd "$1" && sync -f . || exit
  shift
  for name; do
    case $name in xml/*) mv -f -- ".new/$name" xml ;; *) mv -f -- ".new/$name" . ;; esac || exit
  done
  rmdir .new/xml .new && sync -f .
)

# A folder in which one program works for a VM, with that program's file in it: there whole or not at all. It is looked
# for by the list of the folder around it: NFS keeps for a while that a name was not there.
is_there() { find "${1%/*}/" -mindepth 1 -maxdepth 1 -name "${1##*/}" | grep -q .; }
# take_mark FOLDER ID TEXT: says "there" where another host made it, for the same program
take_mark() (
  umask 077
  mkdir -- "$1-$2" && printf '%s\n' "$3" >"$1-$2/$2" || exit
  # It replaces no folder that has something in it.
  said=$(mv -T -- "$1-$2" "$1" 2>&1) && exit
  rm -rf -- "$1-$2"
  has_mark "$1" "$2" && echo there && exit
  echo "$said"
  exit 1
)
has_mark() { is_there "$1" && [ -f "$1/$2" ]; }
# Without a moment in which it is there and nobody's.
drop_mark() (
  if has_mark "$1" "$2"; then mv -T -- "$1" "$1-$2" || exit; fi
  rm -rf -- "$1-$2"
)
# Its own path, and what its file says.
read_mark() {
  if is_there "$1"; then echo "$1" && cat -- "$1"/???????????????????????????????? 2>/dev/null; fi
}

# Takes the data of files: of each its data, and a line behind it, which one that is cut lacks.
begin_taking() {
  cd "$1" || exit
  umask 077
  held=0 flushes=''
}
# take_file NAME BYTES
take_file() {
  if [ -e "$1" ]; then chmod 600 -- "$1" || exit; fi
  : >"$1" && truncate -s "$2" -- "$1" || exit
  file=$1
}
# take START BYTES: the host writes 128 MB to its disk while more comes.
take() {
  dd of="$file" bs=64k iflag=fullblock,count_bytes oflag=seek_bytes conv=sparse,notrunc status=none \
    seek="$1" count="$2" || exit
  held=$((held + $2))
  [ "$held" -lt 134217728 ] || { held=0; sync -d -- "$file" & flushes="$flushes $!"; }
}
# end_file LINE MODE TIME
end_file() {
  if ! IFS= read -r line || [ "$line" != "$1" ]; then
    echo 'the data ended early'
    exit 1
  fi
  chmod "$2" -- "$file" && touch -d "@$3" -- "$file" || exit
}
end_taking() {
  for one in $flushes; do wait "$one" || exit; done
}

# Puts the data of files to its output. How far it is, and last how it ended behind the mark $1, are errors.
begin_putting() {
  end_mark=$1
  trap 'printf "\n%s %s\n" "$end_mark" "$?" >&2' EXIT
  exec </dev/null
}
# put FILE START BYTES
put() { dd if="$1" bs=256k iflag=skip_bytes,count_bytes status=progress skip="$2" count="$3" || exit; }

# A folder with a file $1. Who works in it shares a lock of it: the shell that made it, and restic. Where that lock is
# free, all of them were killed. A shell that lost its connection waits for restic, which then stops.
begin_folder() {
  for folder in "${TMPDIR:-/tmp}"/virt-rewind-??????????; do
    # All shells that are sh somewhere know it.
    # shellcheck disable=SC3067
    if [ -O "$folder" ] && [ ! -L "$folder" ] && [ -f "$folder/$1" ]; then flock -n "$folder" rm -rf "$folder"; fi
  done
  folder=$(umask 077 && mktemp -d "${TMPDIR:-/tmp}/virt-rewind-XXXXXXXXXX") && exec 9<"$folder" || return
  flock -s 9
  trap 'exec 9<&-; [ ! -d "$folder" ] || flock -w 20 "$folder" true; rm -rf "$folder"' EXIT
  trap exit HUP INT TERM PIPE
  echo "$folder"
}
fill_folder() (umask 077; printf %s "$2" >"$folder/$1")
end_folder() { rm -rf "$folder"; }
