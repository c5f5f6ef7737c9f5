"""What differs between the machines a sensor can run on, chosen on the command line."""
