"""What cowrie does for each session that is enough to do once, or when it is needed."""
