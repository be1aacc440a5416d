# What a node has: processors, RAM in KiB, and of each of these files that is there its number and path.
look_at() {
  nproc
  sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo
  stat -Lc '%i %n' -- "$@" 2>/dev/null
  :
}
