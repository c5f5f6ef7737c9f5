#!/bin/sh
# Cables between three network namespaces, attacker - host - sensor, given as process ids in the environment.
in_namespace() {
    process=$1
    shift
    nsenter --net="/proc/$process/ns/net" ip "$@"
}

ip link add name outside netns "$host" type veth peer name eth0 netns "$attacker"
ip link add name inside netns "$host" type veth peer name eth0 netns "$sensor"
in_namespace "$attacker" address add 10.213.210.10/24 dev eth0
in_namespace "$host" address add 10.213.210.1/24 dev outside
in_namespace "$host" address add 10.213.211.1/24 dev inside
in_namespace "$sensor" address add 10.213.211.2/24 dev eth0
for end in "$attacker eth0" "$host outside" "$host inside" "$sensor eth0"; do
    in_namespace "${end% *}" link set "${end#* }" up
done
in_namespace "$sensor" route add default via 10.213.211.1
