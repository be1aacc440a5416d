# Makes of the shell of a login, whatever it is, one that reads commands, and finds programs also where the login does
# not. It is read as one line (see `lineForShell`). $1: the mark; $2: the shell, so that a login that repeats the line
# prints none that ends with the mark.
PATH=$PATH:/usr/local/bin:/usr/bin:/bin:/run/current-system/sw/bin;
LC_ALL=C;
export PATH LC_ALL;
echo "$1";
exec "$2"
