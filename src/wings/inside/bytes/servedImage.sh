# Starts the server "$@", and beside it a guard, which takes an end of descriptor 3 without a word for the end of who
# started both. $0: the folder of the socket.
{
  read -r _ <&3 || {
    rm -rf -- "$0"
    kill -9 $$
  }
} </dev/null >/dev/null 2>&1 &
exec "$@" 3<&-
