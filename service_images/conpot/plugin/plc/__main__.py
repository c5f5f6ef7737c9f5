"""Runs the controller until SIGTERM, then hands over what is left, for at most five seconds."""

import asyncio
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path

from honeypot_adapter.delivery import Delivery
from honeypot_adapter.identity import identity
from honeypot_adapter.log import log
from honeypot_adapter.options import Options
from honeypot_adapter.outbox import Outbox
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

_OUTBOX_PATH = Path("/var/lib/honeypot/outbox.db")
_TICK_SECONDS = 0.5
_DRAIN_SECONDS = 5.0
_BACKLOG = 512
_MODBUS, _S7, _SNMP, _BACNET = 1502, 1102, 1161, 47808


async def _serve(station: Station, plant: Plant, recorder: Recorder, stop: asyncio.Event) -> None:
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
    while not stop.is_set():
        recorder.tick()
        for each in datagrams:
            each.tick(time.monotonic())
        await asyncio.sleep(_TICK_SECONDS)
    for server in servers:
        server.close()
    for each in datagrams:
        loop.remove_reader(each.socket)
    recorder.finish()


async def _main() -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    own = identity()
    station, plant = Station.of(Options.of_environment(), own), Plant(own, time.time)
    outbox = Outbox(_OUTBOX_PATH)
    delivery = Delivery(outbox)
    async with asyncio.TaskGroup() as tasks:
        sending = tasks.create_task(delivery.run())
        await _serve(station, plant, Recorder(outbox, delivery), stop)
        if not await delivery.drain(_DRAIN_SECONDS):
            log("events are lost: the sensor did not take them before the end")
        sending.cancel()


asyncio.run(_main())
