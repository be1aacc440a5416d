# Becomes what leads to a display on this host, whose server speaks first.
#   host, port   of a TCP port; or
#   host         empty, port a Unix socket
host=$1; port=$2
if command -v socat >/dev/null 2>&1; then
  if [ -n "$host" ]; then exec socat - "TCP:$host:$port"; fi
  exec socat - "UNIX-CONNECT:$port"
fi
if command -v nc >/dev/null 2>&1; then
  if [ -n "$host" ]; then exec nc "$host" "$port"; fi
  # BusyBox's and Debian's traditional one have no such option.
  case $(nc -h 2>&1) in *-U*) exec nc -U "$port" ;; esac
fi
if command -v perl >/dev/null 2>&1; then
  exec perl -e '
    use IO::Select; use IO::Socket::INET; use IO::Socket::UNIX;
    my ($host, $port) = @ARGV;
    my $server = $host eq "" ? IO::Socket::UNIX->new(Peer => $port)
      : IO::Socket::INET->new(PeerAddr => $host, PeerPort => $port);
    die "$port: $!\n" unless $server;
    my $both = IO::Select->new($server, \*STDIN);
    while (my @ready = $both->can_read) {
      for my $from (@ready) {
        my $length = sysread($from, my $bytes, 65536);
        exit 0 unless $length;
        my $to = $from == $server ? \*STDOUT : $server;
        for (my $at = 0; $at < $length;) {
          my $written = syswrite($to, $bytes, $length - $at, $at);
          exit 1 unless defined $written;
          $at += $written;
        }
      }
    }' "$host" "$port"
fi
echo 'the host has no socat, no nc -U and no perl' >&2
