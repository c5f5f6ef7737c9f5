"""What the RDP server's journal says, as events."""
