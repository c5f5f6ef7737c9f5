"""Decisions as pure functions over data: nothing here touches the engine, the network, files or the clock."""
