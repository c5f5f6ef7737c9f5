#!/bin/sh
# Start nginx as soon as `server-app init` has written the certificates, and reload it when they change.
set -eu

: "${HS_MAX_UPLOAD_BYTES:=2147483648}"
: "${HS_WEB_ADDRESS:=web:8000}"
: "${HS_REGISTRY_ADDRESS:=registry:5000}"
: "${HS_CERTIFICATE_CHECK_SECONDS:=30}"

# The root file system is read-only: what depends on the environment is included from /tmp.
umask 077
mkdir -p /tmp/nginx
printf 'client_max_body_size %s;\n' "$HS_MAX_UPLOAD_BYTES" >/tmp/nginx/upload.conf
printf 'upstream web { server %s; keepalive 32; keepalive_timeout 30s; }\nupstream registry { server %s; keepalive 8; }\n' \
  "$HS_WEB_ADDRESS" "$HS_REGISTRY_ADDRESS" >/tmp/nginx/upstreams.conf

certificates() {
  cat /tls/ca.crt /tls/server.crt /tls/server.key 2>/dev/null | sha256sum
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

current=$(certificates)
nginx -e stderr &
nginx=$!
trap 'kill -QUIT "$nginx"' TERM INT QUIT

while kill -0 "$nginx" 2>/dev/null; do
  # A signal interrupts `wait`, not `sleep`.
  sleep "$HS_CERTIFICATE_CHECK_SECONDS" &
  wait $! || true
  latest=$(certificates)
  if [ "$latest" != "$current" ] && nginx -e stderr -t -q; then
    kill -HUP "$nginx"
    current=$latest
  fi
done
wait "$nginx"
