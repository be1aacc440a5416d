# Waits for the end of its input, and takes away what is mounted with the program $1 in the folder $2 as $3, also where
# the program that served it has just ended and is not gone yet.
trap '' HUP INT TERM
read -r _
"$1" -u -z -- "$2/$3"
rmdir -- "$2/$3" "$2"
