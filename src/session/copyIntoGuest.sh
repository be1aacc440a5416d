# What is run in a guest that gets a file; the first argument is one of these.
#
# look PATH NAME: whether there is something at the path (1) or not (0), and where it leads. Ends with 2 where a folder
# is in its place.
look() {
  path=$1
  if [ -d "$path" ]; then path=${path%/}/$2; fi
  if [ -L "$path" ]; then path=$(readlink -f -- "$path") || exit 3; fi
  if [ -d "$path" ]; then exit 2; fi
  if [ -e "$path" ]; then exists=1; else exists=0; fi
  printf '%s%s' "$exists" "$path"
}
# rename FROM TO MODE: the mode and the owner of what was there stay; where they cannot be told, its content is replaced
# in place.
rename() {
  set -e
  exec 2>&1
  if [ -e "$2" ]; then
    if mode=$(stat -c %a -- "$2" 2>/dev/null) && owner=$(stat -c %u:%g -- "$2" 2>/dev/null) &&
      chmod "$mode" "$1" && chown "$owner" "$1"; then :; else
      cat "$1" >"$2"
      rm -f -- "$1"
      exit 0
    fi
  else
    chmod "$3" "$1"
  fi
  mv -f -- "$1" "$2"
}
remove() { rm -f -- "$1"; }
"$@"
