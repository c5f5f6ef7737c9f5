#!/bin/bash
# Serves the registry, and collects what no image needs any more: once a day, and at once when it is told by SIGUSR1
# (`docker kill --signal USR1 <container>`).
#
# docker-registry may collect only while nothing is written. So it serves read-only meanwhile: sensors go on pulling, a push
# is refused and repeated by the worker. Both changes start a new process, which knows nothing of what was collected.
set -u
configuration=${HS_REGISTRY_CONFIG:-/etc/honeysens/registry.yml}
every=${HS_COLLECT_SECONDS:-86400}
server=
wanted=
ended=

serve() {
  /usr/bin/docker-registry serve "$configuration" &
  server=$!
}

stop() {
  kill -TERM "$server" 2>/dev/null
  # A signal of our own interrupts the wait: only when the process is gone it is over.
  while kill -0 "$server" 2>/dev/null; do
    wait "$server" 2>/dev/null
  done
}

collect() {
  stop
  REGISTRY_STORAGE_MAINTENANCE_READONLY='{"enabled":true}' serve
  # It fails as well where nothing has been pushed yet: then there is no folder of repositories.
  said=$(/usr/bin/docker-registry garbage-collect "$configuration" 2>&1) || [[ $said == *"Path not found"*repositories* ]] ||
    printf '{"level":"error","msg":"garbage was not collected"}\n' >&2
  stop
  [[ -n $ended ]] || serve
}

trap 'wanted=1' USR1
trap 'ended=1; kill -TERM "$server" 2>/dev/null' TERM INT
serve
next=$((SECONDS + every))
while [[ -z $ended ]]; do
  sleep 5 &
  wait -n "$server" $!
  kill -0 "$server" 2>/dev/null || break
  if [[ -n $wanted ]] || ((SECONDS >= next)); then
    wanted=
    next=$((SECONDS + every))
    collect
  fi
done
stop
[[ -n $ended ]]
