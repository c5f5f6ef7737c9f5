"""Requests and what becomes of them, without sockets."""

import random
import struct
from contextlib import suppress

import pytest
from plc.bacnet import Device
from plc.mib import Mib
from plc.modbus import ModbusDialogue
from plc.process import Area, Plant
from plc.reply import Dialogue, Reply
from plc.s7 import S7Dialogue
from plc.station import Station

from honeypot_adapter.event import Severity
from honeypot_adapter.identity import Identity
from honeypot_adapter.options import Options

OWN = Identity(b"7" * 32)
NOW = 1795221858.5
STATION = Station.of(Options({"host_name": "PUMP-07", "organisation": "Waterworks", "location": "Hall 3"}), OWN)
CONNECT = bytes.fromhex("0300001611e00000001400c1020100c2020102c0010a")


def plant() -> Plant:
    return Plant(OWN, lambda: NOW)


def modbus(dialogue: Dialogue, pdu: str, unit: int = 1) -> Reply:
    body = bytes([unit]) + bytes.fromhex(pdu)
    (reply,) = dialogue.take(struct.pack("!HHH", 9, 0, len(body)) + body)
    assert reply.answer[:2] == b"\0\x09"
    assert struct.unpack_from("!H", reply.answer, 4)[0] == len(reply.answer) - 6
    return reply


def s7(dialogue: Dialogue, kind: int, part: str, data: str = "") -> Reply:
    first, second = bytes.fromhex(part), bytes.fromhex(data)
    body = b"\x02\xf0\x80" + struct.pack("!BBHHHH", 0x32, kind, 0, 5, len(first), len(second)) + first + second
    (reply,) = dialogue.take(struct.pack("!BxH", 3, len(body) + 4) + body)
    assert struct.unpack_from("!H", reply.answer, 2)[0] == len(reply.answer)
    return reply


def connected() -> S7Dialogue:
    dialogue = S7Dialogue(plant(), STATION)
    (reply,) = dialogue.take(CONNECT)
    assert reply.answer == bytes.fromhex("0300001611d00014002f00c0010ac1020100c2020102")
    return dialogue


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        ("0100000009", "010200 00"),
        ("0600050007", "0600050007"),
        ("0500020000", "0500020000"),
        ("05000200ff", "8503"),
        ("0f00000009 02 ff01", "0f00000009"),
        ("1000010001 02 abcd", "1000010001"),
        ("1000010002 02 abcd", "9003"),
        ("0304000001", "8302"),
        ("03000000c9", "8303"),
        ("0300", "8303"),
        ("160001ff", "9603"),
        ("160001ffff0000", "160001ffff0000"),
        ("08000012ab", "08000012ab"),
        ("0800010000", "8801"),
        ("11", "9101"),
        ("5a0001", "da01"),
        ("2b0e0101", "2b0e018100 0002 0113 36455337203331352d32454831342d30414230 0206 56332e322e36"),
        ("2b0e0402", "2b0e048100 0001 0206 56332e322e36"),
    ],
)
def test_modbus_answers(request_: str, answer: str) -> None:
    reply = modbus(ModbusDialogue(plant(), STATION), request_)
    assert reply.answer[7:].hex() == answer.replace(" ", "")


def test_modbus_keeps_what_is_written_for_all_connections() -> None:
    shared = plant()
    writer, reader = (ModbusDialogue(shared, STATION) for _ in range(2))
    write = modbus(writer, "0600050007")
    assert modbus(reader, "0300050001").answer[9:] == b"\0\x07"
    modbus(writer, "0f0003000a 02 ff03".replace(" ", ""))
    assert modbus(reader, "010000000f").answer[9:] == bytes.fromhex("f81f")
    assert (write.told[0].kind, write.told[0].severity) == ("exploit", Severity.HIGH)
    assert write.told[0].data == "unit=1 function=6 (write register) address=5 value=7"


def test_requests_are_answered_however_they_are_cut() -> None:
    dialogue = ModbusDialogue(plant(), STATION)
    request = bytes.fromhex("000100000006010300000001") * 2
    replies = [reply for byte in request for reply in dialogue.take(bytes([byte]))]
    assert len(replies) == 2


def test_values_move_and_are_the_stations_own() -> None:
    clock = [NOW]
    first, other = Area(OWN, "x", 64, lambda: clock[0]), Area(Identity(b"8" * 32), "x", 64, lambda: clock[0])
    before = first.read(0, 32)
    assert before != other.read(0, 32)
    clock[0] += 40
    after = first.read(0, 32)
    assert before
    assert after
    assert before != after
    for place in range(0, 32, 2):
        old, new = (int.from_bytes(values[place : place + 2]) for values in (before, after))
        assert abs(old - new) <= 0.05 * old
    assert first.read(60, 5) is None
    assert not first.write(63, b"ab")


def test_s7_reads_and_writes_blocks() -> None:
    dialogue = connected()
    write = s7(dialogue, 1, "0501120a100200030001840001 40".replace(" ", ""), "00040018010203")
    assert write.answer[-1:] == b"\xff"
    assert (write.told[0].kind, write.told[0].data) == ("exploit", "DB1 at 40.0 bytes=3 values=010203")
    read = s7(dialogue, 1, "0401120a10020004000184000138")
    assert read.answer[21:] == bytes.fromhex("ff040020 00010203")
    assert s7(dialogue, 1, "0401120a10020004270f84000138").answer[21:] == bytes.fromhex("0a000000")
    assert s7(dialogue, 1, "0401120a10020004000184ffff38").answer[21:] == bytes.fromhex("05000000")


def test_s7_control_changes_the_state() -> None:
    shared = plant()
    dialogue = S7Dialogue(shared, STATION)
    dialogue.take(CONNECT)
    stop = s7(dialogue, 1, "29000000000009" + b"P_PROGRAM".hex())
    assert (stop.told[0].detail, stop.told[0].severity, shared.running) == ("stop", Severity.HIGH, False)
    start = s7(dialogue, 1, "28000000000000fd000009" + b"P_PROGRAM".hex())
    assert (start.told[0].detail, shared.running) == ("start", True)


def test_s7_password_is_read() -> None:
    secret = b"geheim1 "
    hidden = bytearray()
    for place, byte in enumerate(secret):
        hidden.append(byte ^ 0x55 ^ (hidden[place - 2] if place > 1 else 0))
    reply = s7(connected(), 7, "0001120411450100", "ff090008" + hidden.hex())
    assert (reply.told[0].kind, reply.told[0].data) == ("login", "geheim1")
    assert reply.answer[27:29] == b"\xd6\x02"


def test_lists_never_exceed_what_was_agreed() -> None:
    dialogue = connected()
    s7(dialogue, 1, "f0000001000100f0")
    components = s7(dialogue, 7, "0001120411440100", "ff090004001c0000")
    assert len(components.answer) <= 240 + 7
    assert b"PUMP-07" in components.answer
    assert s7(dialogue, 7, "0001120411440100", "ff09000477770000").answer[27:29] == b"\xd4\x01"


def test_downloads_are_exploits_and_uploads_are_not() -> None:
    download = s7(connected(), 1, "1a00010000000000095f30413030303031500d31303030")
    upload = s7(connected(), 1, "1d00000000000000095f30413030303031" + "41")
    assert [(reply.told[0].kind, reply.told[0].severity) for reply in (download, upload)] == [
        ("exploit", Severity.HIGH),
        ("request", Severity.MEDIUM),
    ]


def test_bacnet_says_who_it_is_to_whom_it_may_concern() -> None:
    device = Device(STATION)
    here = f"{STATION.device:08x}"
    for limits, answered in (("", True), (f"0c{here}1c{here}", True), ("09001901", False)):
        npdu = bytes.fromhex("01001008" + limits)
        reply = device.take(b"\x81\x0b" + struct.pack("!H", len(npdu) + 4) + npdu)
        assert bool(reply.answer) == answered
        assert reply.told[0].data.startswith("who is")


def test_bacnet_knows_what_it_has_not() -> None:
    read = "0104000501 0c0c{}1979".replace(" ", "")
    for target, expected in (("023fffff", "75"), ("00000001", "50"), ("02000001", "50")):
        npdu = bytes.fromhex(read.format(target))
        reply = Device(STATION).take(b"\x81\x0a" + struct.pack("!H", len(npdu) + 4) + npdu)
        assert expected in (reply.answer[6:7].hex(), reply.answer[17:18].hex())
    write = bytes.fromhex("01040005020f0c023fffff194d")
    reply = Device(STATION).take(b"\x81\x0a" + struct.pack("!H", len(write) + 4) + write)
    assert (reply.told[0].kind, reply.answer[6]) == ("exploit", 0x60)


def test_objects_are_in_order_and_true() -> None:
    mib = Mib(STATION, lambda: NOW)
    names, name = [], mib.after((0,))
    while name is not None:
        names.append(name)
        assert mib.get(name) is not None
        name = mib.after(name)
    assert names == sorted(set(names))
    entry = mib.get((1, 3, 6, 1, 2, 1, 2, 2, 1, 6, 1))
    assert entry
    assert entry.value == STATION.mac


def test_station_is_derived_from_the_identity() -> None:
    again, other = Station.of(Options({}), OWN), Station.of(Options({}), Identity(b"8" * 32))
    assert (again.serial, again.mac, again.device) == (STATION.serial, STATION.mac, STATION.device)
    assert other.serial != again.serial
    assert other.mac != again.mac


@pytest.mark.parametrize("seed", range(20))
def test_broken_requests_never_stop_it(seed: int) -> None:
    dice = random.Random(seed)
    sound = [CONNECT, bytes.fromhex("0300001f02f080320100000005000e00000401120a10020004000184000138"), CONNECT[:7]]
    shared = plant()
    for _ in range(200):
        data = bytearray(dice.choice([*sound, bytes.fromhex("000100000006010300000001"), dice.randbytes(30)]))
        for _ in range(dice.randrange(4)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        for dialogue in (ModbusDialogue(shared, STATION), S7Dialogue(shared, STATION)):
            with suppress(ValueError, IndexError, struct.error):
                dialogue.take(CONNECT if dice.random() < 0.5 else b"")
                dialogue.take(bytes(data))
        with suppress(ValueError):
            Device(STATION).take(b"\x81\x0a" + struct.pack("!H", len(data) + 4) + bytes(data))
