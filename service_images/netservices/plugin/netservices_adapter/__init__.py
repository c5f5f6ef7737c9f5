"""What the journal says, as events."""
