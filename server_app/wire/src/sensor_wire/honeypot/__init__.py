"""What honeypots hand over: events to the sensor's socket, and the manifest of their service archive."""
