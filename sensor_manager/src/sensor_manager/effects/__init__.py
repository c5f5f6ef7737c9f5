"""What changes or reads the world: the container engine, netfilter, network namespaces, the machine's figures."""
