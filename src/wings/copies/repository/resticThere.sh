# Runs restic in the place of a shell. Its output goes through programs that read on where the connection is cut: a
# broken pipe would kill restic before it has taken its lock away.
#
# | descriptor | what                                                                                  |
# |------------|---------------------------------------------------------------------------------------|
# | 3          | our words: a line with seconds pauses restic, an empty one or their end interrupts it |
# | 5          | how it ended                                                                          |
# | 6          | to us                                                                                 |
# | 7          | its output                                                                            |
# | 8          | the folder that it works in                                                           |
# shellcheck disable=SC2163
set_variable() { export "$1"; }
read_on() { cat; cat >/dev/null; }
count() { while n=$(head -c 16777216 | wc -c) && [ "$n" -gt 0 ]; do echo "$n"; done; }
# It then takes its lock away: on a line that is limited, only when what is on its way has come.
stop() {
  while read -r seconds <&3 && [ -n "$seconds" ]; do
    kill -STOP "$1"
    sleep "$seconds"
    kill -CONT "$1"
  done
  kill -INT "$1"
  sleep 60
  kill -KILL "$1"
}
# Prints the first $2 of what comes behind; as `file`, what is in it.
print_first() {
  format=$1 left=$2
  shift 2
  if [ "$format" = file ]; then
    cat -- "$1"
    return
  fi
  for one; do
    [ "$left" -gt 0 ] || break
    # shellcheck disable=SC2059
    printf "$format" "$one"
    left=$((left - 1))
  done
}
# restic_there MARK cat|count FOLDER FORMAT NUMBER INPUTS… WORDS…: the words of restic behind so many of its input.
restic_there() {
  end_mark=$1 output=$2 folder=$3 format=$4 inputs=$5
  shift 5
  exec 3<&0 4<&-
  {
    code=$({ { {
      command -v restic >/dev/null || { echo 127 >&5; exit; }
      if [ -n "$folder" ]; then
        cd "$folder" >/dev/null || { echo 1 >&5; exit; }
        exec 8<.
        flock -s 8 2>/dev/null
      fi
      print_first "$format" "$inputs" "$@" | {
        shift "$inputs"
        exec restic "$@"
      } 5>&- 6>&- &
      program=$!
      stop "$program" >/dev/null 2>&1 5>&- 6>&- 7>&- 8>&- &
      watch=$!
      wait "$program"
      echo "$?" >&5
      kill "$watch" 2>/dev/null
    } 2>&1 >&7 | read_on >&2; } 7>&1 | "$output" >&6; } 5>&1)
    printf '\n%s %s\n' "$end_mark" "$code"
    printf '\n%s .\n' "$end_mark" >&2
  } 6>&1 | read_on
}
