"""Frames by time become a pcap file: written under another name, renamed when it is whole."""
import os
import struct

from . import wire

BEGIN_US = 1_772_442_000_000_000  # Monday 2026-03-02 09:00:00 UTC: a working morning
SNAPLEN_BYTES = 262_144
MAGIC = {False: 0xA1B2C3D4, True: 0xA1B23C4D}
WRITE_BYTES = 1 << 20


class PcapFile:
    """A context manager; an exception leaves no file behind."""

    def __init__(self, path, nanoseconds=False, snaplen_bytes=SNAPLEN_BYTES):
        self.path, self.nanoseconds, self.snaplen_bytes = path, nanoseconds, snaplen_bytes
        self.unfinished = f"{path}.{os.getpid()}.part"
        self.packets = 0
        self._record = struct.Struct("<IIII")

    def __enter__(self):
        self.file = open(self.unfinished, "wb", buffering=WRITE_BYTES)
        self.file.write(struct.pack("<IHHiIII", MAGIC[self.nanoseconds], 2, 4, 0, 0,
                                    self.snaplen_bytes, 1))
        return self

    def write(self, at_us, frame):
        seconds, rest = divmod(at_us, 1_000_000)
        kept = frame[:self.snaplen_bytes]
        self.file.write(self._record.pack(seconds, rest * 1000 if self.nanoseconds else rest,
                                          len(kept), len(frame)) + kept)
        self.packets += 1

    def write_records(self, records, count):
        """Records made elsewhere, header and all, in microseconds and whole."""
        self.file.write(records)
        self.packets += count

    def __exit__(self, kind, value, traceback):
        self.file.close()
        if kind is None:
            os.replace(self.unfinished, self.path)
        else:
            os.unlink(self.unfinished)


class Timeline:
    """Takes frames in any order, gives them on by time; equal times keep their order."""

    def __init__(self, write):
        self._write, self._pending, self._count = write, [], 0

    def at(self, at_us, frame):
        self._pending.append((int(at_us), self._count, frame))
        self._count += 1

    def flush(self, before_us):
        self._pending.sort()
        for index, (at_us, _, frame) in enumerate(self._pending):
            if at_us >= before_us:
                self._pending = self._pending[index:]
                return
            self._write(at_us, frame)
        self._pending = []


class View:
    """How the capture saw the frames: as a mirror port, a router or a host sees them."""

    def __init__(self, write, vlan=0, one_way="", mirrored=False):
        self._write, self._router_mac, self._offload_mac = write, b"", b""
        self._tag = struct.pack(">HH", wire.ETHERTYPE_VLAN, vlan) if vlan else b""
        self._one_way, self._copies = one_way, 2 if mirrored else 1

    def look_from(self, router_mac, offload_mac):
        self._router_mac, self._offload_mac = router_mac, offload_mac

    def write(self, at_us, frame):
        if self._one_way == "out" and frame[6:12] == self._router_mac:
            return
        if self._one_way == "in" and frame[:6] == self._router_mac:
            return
        if self._offload_mac and frame[6:12] == self._offload_mac:
            frame = unfinished_checksum(frame)
        if self._tag:
            frame = frame[:12] + self._tag + frame[12:]
        for _ in range(self._copies):
            self._write(at_us, frame)


def unfinished_checksum(frame):
    """As a host's own capture sees it: the card finishes TCP and UDP sums after the capture."""
    if frame[12:14] != b"\x08\x00" or frame[23] not in (wire.TCP, wire.UDP):
        return frame
    begin = 14 + 4 * (frame[14] & 15)
    at = begin + (16 if frame[23] == wire.TCP else 6)
    length = int.from_bytes(frame[16:18], "big") - 4 * (frame[14] & 15)
    partial = wire.pseudo_sum(frame[26:30], frame[30:34], frame[23], length) % 0xFFFF
    return frame[:at] + partial.to_bytes(2, "big") + frame[at + 2:]
