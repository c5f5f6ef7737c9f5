"""Runs the controller until SIGTERM, then hands over what is left, for at most five seconds."""

import asyncio
import socket
import time
from collections.abc import Callable

from honeypot_adapter.handover import Handover
from honeypot_adapter.hosting import Frame, frame
from honeypot_adapter.identity import identity
from honeypot_adapter.options import Options
from plc.bacnet import Device
from plc.connections import Connections
from plc.datagrams import Datagrams
from plc.mib import Mib
from plc.modbus import ModbusDialogue
from plc.process import Plant
from plc.recorder import Recorder
from plc.reply import Dialogue
from plc.s7 import S7Dialogue
from plc.snmp import Agent
from plc.station import Station

_TICK_SECONDS = 0.5
_BACKLOG = 512
_MODBUS, _S7, _SNMP, _BACNET = 1502, 1102, 1161, 47808


async def _serve(station: Station, plant: Plant, recorder: Recorder, at: Frame) -> None:
    prefix = f"{int(time.time() * 1000):x}"
    loop = asyncio.get_running_loop()
    streams: list[tuple[str, str, int, Callable[[], Dialogue]]] = [
        ("modbus", "Modbus", _MODBUS, lambda: ModbusDialogue(plant, station)),
        ("s7", "S7", _S7, lambda: S7Dialogue(plant, station)),
    ]
    agent, device = Agent(Mib(station, plant.clock), station.communities), Device(station)
    servers = []
    for key, name, port, start in streams:
        if key in station.protocols:
            both = socket.has_dualstack_ipv6()
            listener = socket.create_server(
                ("", port), family=socket.AF_INET6 if both else socket.AF_INET, backlog=_BACKLOG, dualstack_ipv6=both
            )
            connections = Connections(name, prefix, start, recorder)
            servers.append(await loop.create_server(connections, sock=listener, backlog=_BACKLOG))
    datagrams = [
        Datagrams(name, port, take, recorder)
        for key, name, port, take in (("snmp", "SNMP", _SNMP, agent.take), ("bacnet", "BACnet", _BACNET, device.take))
        if key in station.protocols
    ]
    for each in datagrams:
        loop.add_reader(each.socket, each.read)
    while not at.stop.is_set():
        recorder.tick()
        for each in datagrams:
            each.tick(time.monotonic())
        await at.pause(_TICK_SECONDS)
    for server in servers:
        server.close()
    for each in datagrams:
        loop.remove_reader(each.socket)
        each.tick(time.monotonic())
    recorder.finish()


async def _main() -> None:
    own = identity()
    station, plant = Station.of(Options.of_environment(), own), Plant(own, time.time)
    async with frame() as at:
        await _serve(station, plant, Recorder(Handover(at.outbox, at.delivery)), at)


asyncio.run(_main())
