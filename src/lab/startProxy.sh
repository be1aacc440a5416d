# Becomes the proxy, the same process, when it is written down who that is: its starter says so by a line, or has died.
# A guest may ask for ever, so that what is logged ends at a size, and the proxy does not end with it.
# $1: squid, $2: its configuration, $3: the most blocks of a file
read -r line
[ "$line" = go ] || exit 1
trap '' XFSZ
ulimit -f "$3"
exec "$1" -N -d 0 -f "$2"
