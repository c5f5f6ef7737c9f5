"""Version 1 of what sensors and the server exchange: poll, desired state, events, enrolment."""
