# What is run in a guest that gets a packed file or folder; the first argument is one of these.
exec 2>&1
# look FOLDER NAME: the kind, the mounts, and behind an empty line the folder that it is in. Ends with 4 where there is
# no such folder.
look() {
  [ -d "$1" ] && cd -- "$1" || exit 4
  if [ -L "./$2" ]; then echo link
  elif [ -d "./$2" ]; then echo folder
  elif [ -f "./$2" ]; then echo file
  elif [ -e "./$2" ]; then echo other
  else echo none; fi
  cat /proc/self/mountinfo && echo && pwd -P
}
make() {
  umask 077
  mkdir -- "$1"
}
# unpack FOLDER NAME OPTIONS: prints how many entries there are, and the sum of the content of all files. What is packed
# has that name; the options are of tar.
unpack() {
  cd -- "$1" || exit 1
  packed=$2
  shift 2
  tar -x "$@" -p -f tar && rm -f tar && find "$packed" | wc -l || exit 1
  find "$packed" -type f -print0 | LC_ALL=C sort -z | xargs -0 cat | sha256sum
}
# rename FROM TO: plain `mv` would move it into a folder that a link leads to.
rename() {
  mv -f -T -- "$1" "$2" || { [ ! -d "$2" ] && mv -f -- "$1" "$2"; } || exit 1
}
# swap FROM TO ASIDE: what is there goes aside first, and comes back where the new one does not get its name.
swap() {
  mv -- "$2" "$3" || exit 1
  mv -- "$1" "$2" || { mv -- "$3" "$2"; exit 1; }
}
# Not where what was there before did not come back.
drop() {
  if [ -e "$1/old" ] || [ -L "$1/old" ]; then exit 1; fi
  rm -rf -- "$1"
}
label() {
  if command -v restorecon >/dev/null; then restorecon -R -- "$1"; fi
}
remove() {
  if grep -q -F -- "$1/" /proc/self/mountinfo; then exit 1; fi
  rm -rf -- "$1"
}
"$@"
