"""What cowrie's log says, as events."""
