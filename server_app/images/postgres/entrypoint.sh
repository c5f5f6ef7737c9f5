#!/bin/sh
# Make the cluster in an empty volume, then become the database server. Arguments are postgres's own.
set -eu

: "${POSTGRES_PASSWORD_FILE:=/run/secrets/database_password}"
volume=/var/lib/postgresql/data
cluster=$volume/17

if [ ! -e "$cluster" ]; then
  if [ ! -s "$POSTGRES_PASSWORD_FILE" ]; then
    echo "The password file $POSTGRES_PASSWORD_FILE is missing or empty: mount it, readable by uid 10002." >&2
    exit 1
  fi
  # Made beside its place and moved: a start that was interrupted leaves no half cluster behind.
  rm -rf "$cluster.new"
  initdb --pgdata="$cluster.new" --username=postgres --encoding=UTF8 --locale-provider=builtin --locale=C.UTF-8 \
    --auth=reject --data-checksums >/dev/null
  {
    printf "CREATE ROLE honeysens LOGIN PASSWORD '%s';\n" "$(sed "s/'/''/g" "$POSTGRES_PASSWORD_FILE")"
    echo "CREATE DATABASE honeysens OWNER honeysens;"
  } | postgres --single -D "$cluster.new" postgres >/dev/null
  mv "$cluster.new" "$cluster"
fi

exec postgres -D "$cluster" -c config_file=/etc/honeysens/postgresql.conf "$@"
