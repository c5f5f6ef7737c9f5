#!/bin/bash
# Start nginx as soon as `server-app init` has written the certificates, and reload it when they change.
set -eu

: "${HS_MAX_UPLOAD_BYTES:=2147483648}"
: "${HS_WEB_ADDRESS:=web:8000}"
: "${HS_REGISTRY_ADDRESS:=registry:5000}"
: "${HS_CERTIFICATE_CHECK_SECONDS:=30}"
: "${HS_TRUSTED_TLS_PROXY:=}"

# The root file system is read-only: what depends on the environment is included from /tmp.
umask 077
mkdir -p /tmp/nginx
printf 'client_max_body_size %s;\n' "$HS_MAX_UPLOAD_BYTES" >/tmp/nginx/upload.conf
# web_once: web ends a connection on which it did not read an archive to its end, and must not have it used again meanwhile.
printf '%s\n' \
  "upstream web { server $HS_WEB_ADDRESS; keepalive 32; keepalive_timeout 30s; }" \
  "upstream web_once { server $HS_WEB_ADDRESS; }" \
  "upstream registry { server $HS_REGISTRY_ADDRESS; keepalive 8; }" >/tmp/nginx/upstreams.conf

# Addresses and networks, separated by commas: TLS proxies before this one, who say who their clients are.
case $HS_TRUSTED_TLS_PROXY in
  *[!0-9a-fA-F.:/,\ ]*)
    echo "HS_TRUSTED_TLS_PROXY holds something else than addresses and networks, separated by commas." >&2
    exit 1
    ;;
esac
{
  proxies=$(printf '%s' "$HS_TRUSTED_TLS_PROXY" | tr ',' ' ')
  echo 'geo $realip_remote_addr $trusted_proxy {'
  echo '  default 0;'
  for proxy in $proxies; do echo "  $proxy 1;"; done
  echo '}'
  for proxy in $proxies; do echo "set_real_ip_from $proxy;"; done
  echo 'real_ip_header X-Forwarded-For;'
  echo 'real_ip_recursive on;'
} >/tmp/nginx/trusted.conf

# With lists of revoked certificates that have expired nginx would refuse every sensor. It then goes without: the
# application knows who is revoked.
revoked() {
  ends=$(cat /tls/crl.until 2>/dev/null || echo 0)
  if [ -s /tls/crl.pem ] && [ "$ends" -gt "$(date +%s)" ]; then
    echo 'ssl_crl /tls/crl.pem;'
  else
    echo '# no lists of revoked certificates, or they have expired'
  fi
}

configure() {
  revoked >/tmp/nginx/crl.conf
  cat /tmp/nginx/crl.conf /tls/ca.crt /tls/crl.pem /tls/server.crt /tls/server.key 2>/dev/null | sha256sum
}

waited=0
until [ -s /tls/ca.crt ] && [ -s /tls/server.crt ] && [ -s /tls/server.key ]; do
  if [ "$waited" -ge 60 ]; then
    echo "No certificates in /tls after 60 s: run 'server-app init' with the same volume first." >&2
    exit 1
  fi
  waited=$((waited + 1))
  sleep 1
done

# Ends when a file in /tls has changed, or after a while: lists end by themselves, and not every file system tells of changes.
look_out() {
  inotifywait -qq --timeout "$HS_CERTIFICATE_CHECK_SECONDS" --event close_write,moved_to,delete /tls &
  changed=$!
}

look_out
current=$(configure)
nginx -e stderr &
nginx=$!
ended=
trap 'ended=1; kill -QUIT "$nginx" 2>/dev/null || true' TERM INT QUIT

while [ -z "$ended" ]; do
  wait -n "$nginx" "$changed" || true
  [ -z "$ended" ] && kill -0 "$nginx" 2>/dev/null || break
  look_out
  # By then what belongs together is written, and who looks out sees what comes later.
  sleep 1 &
  wait $! || true
  latest=$(configure)
  if [ "$latest" != "$current" ] && nginx -e stderr -t -q; then
    if ! grep -q ssl_crl /tmp/nginx/crl.conf; then
      echo "The lists of revoked certificates in /tls are missing or have expired: is the worker running?" >&2
    fi
    kill -HUP "$nginx"
    current=$latest
  fi
done
# A signal interrupts the wait: only when the process is gone it is over.
code=0
wait "$nginx" || code=$?
while kill -0 "$nginx" 2>/dev/null; do
  code=0
  wait "$nginx" || code=$?
done
exit "$code"
