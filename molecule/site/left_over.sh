#!/bin/sh
# Fails, and says what it found, when anything of the demo but its image caches is still on this machine.
found=$(
  if /usr/bin/docker info >/dev/null 2>&1; then
    /usr/bin/docker ps --all --filter name=honeysens --format 'container {{.Names}}'
    /usr/bin/docker network ls --filter name=honeysens --format 'network {{.Name}}'
    /usr/bin/docker volume ls --filter name=honeysens --format 'volume {{.Name}}'
  fi
  nft list tables 2>/dev/null | grep honeysens
  ip netns list | grep -E '^(honeysens|hs-)' | sed 's/^/namespace /'
  ip -brief link | grep -E '^hs-' | sed 's/^/interface /'
  # Of this machine itself: what runs in containers is found above, and other people's containers are theirs.
  pgrep --ns $$ --nslist pid -af '^[^ ]*python[^ ]* [^ ]*/(sensor-manager|server-app|gunicorn) ' | sed 's/^/process /'
  ls -d /run/honeysens* 2>/dev/null | sed 's/^/file /'
)
[ -z "$found" ] || { echo "Still there after removal:"; echo "$found"; exit 1; }
