"""What people see who look at a sensor by its command line; nothing here changes anything."""
