# Gives a guest random numbers of its own: bytes on its standard input. What is written to the device counts when the
# kernel draws a new key, which is up to a minute later: until then all forks and the VM make the same numbers. The call
# that asks for one at once (RNDRESEEDCRNG, Linux 4.14 and newer) no shell has by itself.
cat >/dev/urandom
perl -e 'open(F, ">", "/dev/urandom") && ioctl(F, 0x5207, 0) || exit 1' ||
  python3 -c 'import fcntl; fcntl.ioctl(open("/dev/urandom", "wb"), 0x5207)' || true
