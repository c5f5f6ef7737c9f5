"""Measures a HoneySens server: a fleet of simulated sensors that speaks the real contract, and what it finds."""
