# Tells the programs of a guest the proxy of its lab, $proxy: those of logins and services, and apt. Run at each start.
: "${proxy:?}"
own() {
  printf '%sno_proxy=localhost,127.0.0.1\n' "$1"
  for name in http_proxy https_proxy HTTP_PROXY HTTPS_PROXY; do printf '%s%s=%s\n' "$1" "$name" "$proxy"; done
}
others=$(grep -Ev '^(no_proxy|https?_proxy|HTTPS?_PROXY)=' /etc/environment 2>/dev/null)
{ printf '%s\n' "$others"; own ''; } >/etc/environment
mkdir -p /etc/profile.d /etc/systemd/system.conf.d
own 'export ' >/etc/profile.d/virt-rewind-proxy.sh
{ echo '[Manager]'; own 'DefaultEnvironment='; } >/etc/systemd/system.conf.d/virt-rewind-proxy.conf
if [ -d /etc/apt/apt.conf.d ]; then
  printf 'Acquire::http::Proxy "%s";\nAcquire::https::Proxy "%s";\n' "$proxy" "$proxy" >/etc/apt/apt.conf.d/90virt-rewind-proxy
fi
