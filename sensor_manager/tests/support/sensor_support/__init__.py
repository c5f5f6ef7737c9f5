"""What several of the sensor's tests need: data, network namespaces, a small server, an engine of their own."""
