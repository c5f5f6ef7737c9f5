"""Everything that is said to the server: identify, enrolment, poll, events."""
