"""Capture files as bytes: written for the tests, and counted by a reader that shares nothing with
the program's. Pure functions of bytes."""
import struct

ETHERNET, RAW_IP, LINUX_SLL = 1, 101, 113

# What the program believes of one record and of one block.
CAPTURED_BYTES_MAX = 256 * 1024
PACKET_BLOCK_BYTES_MAX = 384 * 1024
BLOCK_BYTES_MAX = 16 << 20


def pcap(packets, *, link=ETHERNET, order="<", nanoseconds=False, snap_length=262144,
         version=(2, 4)):
    """A pcap file of (seconds, fraction, frame) or (seconds, fraction, frame, wire length)."""
    magic = 0xA1B23C4D if nanoseconds else 0xA1B2C3D4
    parts = [struct.pack(order + "IHHIIII", magic, *version, 0, 0, snap_length, link)]
    for seconds, fraction, frame, *wire in packets:
        parts.append(struct.pack(order + "IIII", seconds, fraction, len(frame),
                                 wire[0] if wire else len(frame)))
        parts.append(bytes(frame))
    return b"".join(parts)


def padded(data):
    return data + bytes(-len(data) % 4)


def block(kind, body, order="<"):
    length = 12 + len(padded(body))
    return (struct.pack(order + "II", kind, length) + padded(body) +
            struct.pack(order + "I", length))


def option(code, value, order="<"):
    return struct.pack(order + "HH", code, len(value)) + padded(value)


def section(order="<"):
    return block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1), order)


def interface(link=ETHERNET, snap_length=0, order="<", resolution=None, offset=None):
    """`resolution` is the byte of if_tsresol, `offset` the seconds of if_tsoffset."""
    options = b""
    if resolution is not None:
        options += option(9, bytes([resolution]), order)
    if offset is not None:
        options += option(14, struct.pack(order + "q", offset), order)
    if options:
        options += option(0, b"", order)
    return block(1, struct.pack(order + "HHI", link, 0, snap_length) + options, order)


def enhanced_packet(frame, time=0, on=0, wire=None, order="<"):
    """`time` in the interface's own units."""
    return block(6, struct.pack(order + "IIIII", on, time >> 32, time & 0xFFFFFFFF, len(frame),
                                len(frame) if wire is None else wire) + padded(bytes(frame)), order)


def simple_packet(frame, wire=None, order="<"):
    return block(3, struct.pack(order + "I", len(frame) if wire is None else wire) +
                 padded(bytes(frame)), order)


def obsolete_packet(frame, time=0, on=0, drops=0, wire=None, order="<"):
    return block(2, struct.pack(order + "HHIIII", on, drops, time >> 32, time & 0xFFFFFFFF,
                                len(frame), len(frame) if wire is None else wire) +
                 padded(bytes(frame)), order)


class Count:
    """What a capture holds: packets before the end or the damage, and where that damage is."""

    def __init__(self):
        self.packets = 0
        self.captured_bytes = 0
        self.damage_at = None
        self.cause = ""

    def add(self, captured):
        self.packets += 1
        self.captured_bytes += captured

    def damaged(self, at, cause):
        self.damage_at, self.cause = at, cause
        return self


def count_packets(data):
    """Counts the packets of a pcap or pcapng file, None if it is neither."""
    if data[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1", b"\x34\xcd\xb2\xa1"):
        return _count_pcap(data, "<")
    if data[:4] in (b"\xa1\xb2\xc3\xd4", b"\xa1\xb2\x3c\x4d", b"\xa1\xb2\xcd\x34"):
        return _count_pcap(data, ">")
    return _count_pcapng(data) if data[:4] == b"\x0a\x0d\x0d\x0a" else None


def _count_pcap(data, order):
    count, at = Count(), 24
    if len(data) < at:
        return count.damaged(0, "header")
    major, minor = struct.unpack_from(order + "HH", data, 4)
    if major != 2 or minor > 4:
        return count.damaged(4, "version")
    head = 24 if struct.unpack_from(order + "I", data)[0] == 0xA1B2CD34 else 16
    while at < len(data):
        if at + head > len(data):
            return count.damaged(at, "record header")
        first, second = struct.unpack_from(order + "II", data, at + 8)
        captured = min(first, second) if minor < 4 else first
        if captured > CAPTURED_BYTES_MAX:
            return count.damaged(at, "record length")
        if at + head + captured > len(data):
            return count.damaged(at, "record")
        count.add(captured)
        at += head + captured
    return count


def _count_pcapng(data):
    count, at, order, interfaces = Count(), 0, None, []
    while at < len(data):
        if len(data) - at < 12:
            return count.damaged(at, "block")
        if data[at:at + 4] == b"\x0a\x0d\x0d\x0a":
            order = {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}.get(data[at + 8:at + 12])
            interfaces = []
            if order is None:
                return count.damaged(at, "byte order")
        kind, length = struct.unpack_from(order + "II", data, at)
        if length < 12 or length % 4 or length > BLOCK_BYTES_MAX or at + length > len(data):
            return count.damaged(at, "block length")
        if struct.unpack_from(order + "I", data, at + length - 4)[0] != length:
            return count.damaged(at, "trailer")
        fault = _read_block(data, at, order, kind, length, interfaces, count)
        if fault:
            return count.damaged(at, fault)
        at += length
    return count


def _read_block(data, at, order, kind, length, interfaces, count):
    if kind == 1:
        if length < 20:
            return "interface"
        interfaces.append(struct.unpack_from(order + "I", data, at + 12)[0])
    elif kind in (2, 6):
        if length < 32 or length > PACKET_BLOCK_BYTES_MAX:
            return "packet block"
        on = struct.unpack_from(order + ("H" if kind == 2 else "I"), data, at + 8)[0]
        captured = struct.unpack_from(order + "I", data, at + 20)[0]
        if on >= len(interfaces) or captured > min(length - 32, CAPTURED_BYTES_MAX):
            return "packet"
        count.add(captured)
    elif kind == 3:
        if length < 16 or not interfaces:
            return "simple packet"
        wire = struct.unpack_from(order + "I", data, at + 8)[0]
        count.add(min(wire, length - 16, interfaces[0] or wire))
    return ""
