"""A capture of very many very short connections: each is asked for and refused, two packets, so that
half as many flows end as packets are played. Sums are right; they are carried on from packet to packet,
as half a million of them would else take long."""
import struct

import frames

FIRST_PORT, PORTS = 1024, 60_000
CLIENTS = 250
PACKETS_PER_FLOW = 2


class _Template:
    """One packet whose TCP ports may be changed in place."""

    def __init__(self, frame, port_at):
        self.frame = bytearray(frame)
        self.port_at = port_at
        self.sum_at = 14 + 20 + 16
        (self.port,) = struct.unpack_from(">H", frame, port_at)
        (self.sum,) = struct.unpack_from(">H", frame, self.sum_at)

    def with_port(self, port):
        # RFC 1624: the new sum from the old one and what has changed.
        total = (~self.sum & 0xFFFF) + (~self.port & 0xFFFF) + port
        total = (total & 0xFFFF) + (total >> 16)
        total = (total & 0xFFFF) + (total >> 16)
        struct.pack_into(">H", self.frame, self.port_at, port)
        struct.pack_into(">H", self.frame, self.sum_at, ~total & 0xFFFF)
        return self.frame


def write(path, flows):
    """Writes a pcap of so many flows, each with ends of its own, of many devices in turn."""
    record = struct.Struct("<IIII")
    pairs = []
    for number in range(1, CLIENTS + 1):
        client, server = f"192.168.20.{number}", f"198.51.100.{number}"
        pairs.append((
            _Template(frames.tcp(frames.SYN, client, FIRST_PORT, server, 443), 14 + 20),
            _Template(frames.tcp(frames.RST | frames.ACK, server, 443, client, FIRST_PORT,
                                 acknowledged=1), 14 + 20 + 2)))
    parts = [struct.pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1)]
    for number in range(flows):
        port = FIRST_PORT + number // CLIENTS % PORTS
        second, part = divmod(number * 10, 1_000_000)
        for template in pairs[number % CLIENTS]:
            frame = template.with_port(port)
            parts.append(record.pack(1_700_000_000 + second, part, len(frame), len(frame)))
            parts.append(bytes(frame))
    with open(path, "wb") as out:
        out.write(b"".join(parts))
