"""A programmable controller that is none: Modbus, S7, SNMP and BACnet of one and the same station."""
