# Waits for guestfish, $1, and removes the folder $2 also where all others in the group were ended.
trap : TERM
"$1"
code=$?
rm -rf "$2"
exit "$code"
