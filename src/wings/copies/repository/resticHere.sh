# Where the process that starts it is killed, restic would work for hours on, on files that the next restore removes. A
# line on descriptor 3 says that restic has ended; the end of it, that the process has. restic has the number of the
# shell, which it replaces. Its lock may stay, as nobody reads what it would say first: see `removeDeadLocks`. A line
# with seconds pauses restic for so long, also after this shell ends.
{
  while read -r seconds <&3; do
    [ -n "$seconds" ] || exit
    kill -STOP $$
    sleep "$seconds"
    kill -CONT $$
  done
  kill -INT $$
} >/dev/null 2>&1 </dev/null &
exec 3<&-
