# Whether a file of a clone under test contains a text: what a bisect of a level asks.
#   sh -c THIS - NODE COMMANDLINE FILE TEXT
# 0: it does, 1: it does not, 126: nobody knows.
set -u
content=$("$1" "$2" files "$VIRT_REWIND_VM" --connect "$VIRT_REWIND_URI" cat "/$3") || exit 126
case $content in
*"$4"*) exit 0 ;;
*) exit 1 ;;
esac
