# Installs the packages that are its arguments, with the package manager that is there. None of them begins with a dash.
set -e
if command -v apt-get >/dev/null; then
  DEBIAN_FRONTEND=noninteractive
  export DEBIAN_FRONTEND
  apt-get -q update
  apt-get -q -y install "$@"
elif command -v dnf >/dev/null; then
  dnf -q -y install "$@"
elif command -v apk >/dev/null; then
  apk -q add --update-cache "$@"
else
  echo 'no apt-get, dnf or apk' >&2
  exit 127
fi
