"""The system tests' own traffic: every kind of state the sensor keeps, in a few thousand packets.
Seeded: the same seed gives the same bytes."""
import random

import capture_files
import frames

BEGIN_S = 1_700_000_000


class Recorder:
    """Frames with the time they were seen."""

    def __init__(self):
        self.packets = []  # microseconds since BEGIN_S, frame

    def add(self, at_s, frame):
        self.packets.append((int(at_s * 1e6), frame))

    def add_all(self, at_s, conversation, gap_s=0.002):
        for i, frame in enumerate(conversation):
            self.add(at_s + i * gap_s, frame)

    def timed(self):
        return [(BEGIN_S + us // 1_000_000, us % 1_000_000, frame)
                for us, frame in sorted(self.packets, key=lambda packet: packet[0])]


def _offices(to, random_source):
    """Ordinary: web, DNS, pings, log lines, for two minutes and from twenty devices."""
    for device in range(20):
        address = f"192.168.{device % 3}.{10 + device}"
        vlan = {"vlan": 30} if device % 5 == 0 else {}
        for i in range(12):
            at = i * 10 + random_source.random() * 8
            name = [b"www%d" % random_source.randrange(40), b"example", b"org"]
            query = frames.dns_query(name, random_source.randrange(65536))
            to.add(at, frames.udp(query, address, 40000 + i, "192.168.0.1", 53, **vlan))
            answer = bytes([0x81, 0x80])
            to.add(at + 0.01, frames.udp(query[:2] + answer + query[4:], "192.168.0.1", 53, address,
                                         40000 + i, **vlan))
            server = f"198.51.100.{random_source.randrange(1, 200)}"
            page = bytes(random_source.randrange(200, 9000))
            to.add_all(at + 0.02, frames.connection(
                address, 50000 + i, server, 80, b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n", page,
                **vlan))
        to.add(device, frames.icmp_echo(address, "192.168.0.1", device, 1, bytes(32), **vlan))
        to.add(device + 0.01, frames.icmp_echo("192.168.0.1", address, device, 1, bytes(32), True,
                                               **vlan))


def _attacks(to, random_source):
    """One of each kind of state: half-open flows, scans, floods, names, fragments, regular calls."""
    target = "192.168.1.80"
    for i in range(3000):
        source = str(frames.ipaddress.ip_address(random_source.getrandbits(32)))
        to.add(30 + i * 0.001, frames.tcp(frames.SYN, source, random_source.randrange(1024, 65536),
                                          target, 443))
    for port in range(1, 700):
        to.add(40 + port * 0.005, frames.tcp(frames.SYN, "192.168.2.66", 61000, target, port))
        to.add(40.001 + port * 0.005, frames.tcp(frames.RST | frames.ACK, target, port,
                                                 "192.168.2.66", 61000))
    for host in range(1, 255):
        to.add(50 + host * 0.02, frames.tcp(frames.SYN, "192.168.2.67", 61001,
                                            f"10.20.30.{host}", 22))
    for i in range(200):
        label = bytes(random_source.choice(b"abcdefghijklmnopqrstuvwxyz234567") for _ in range(60))
        query = frames.dns_query([label, label[::-1], b"t", b"example", b"net"], i, 16)
        to.add(10 + i * 0.4, frames.udp(query, "192.168.2.68", 5353 + i, "198.51.100.53", 53))
    for i in range(110):
        to.add_all(i, frames.connection("192.168.2.69", 20000 + i, "203.0.113.77", 443,
                                        b"\x16\x03\x01", bytes(300)))
        for offset in (0, 4):  # overlapping by half
            piece = frames.ip4(bytes(64), "203.0.113.5", target, 17, identification=i,
                               fragment=0x2000 | offset)
            to.add(60 + i * 0.01, frames.ethernet(piece, frames.mac_of("192.168.0.1"),
                                                  frames.mac_of(target)))
        to.add(70 + i * 0.01, frames.tcp(0x29, "203.0.113.6", 4000, target, i + 1))
        broken = bytearray(frames.udp(b"x" * 40, "192.168.2.70", 9, target, 9))
        broken[random_source.randrange(14, len(broken))] ^= 1 << random_source.randrange(8)
        to.add(80 + i * 0.01, bytes(broken))


def mixed(seed):
    """A pcap of ordinary traffic with attacks in it, two minutes, and its number of packets."""
    to, random_source = Recorder(), random.Random(seed)
    _offices(to, random_source)
    _attacks(to, random_source)
    return capture_files.pcap(to.timed()), len(to.packets)


def mixed_pcapng(seed):
    """The same over two interfaces of different link types and resolutions."""
    to, random_source = Recorder(), random.Random(seed)
    _offices(to, random_source)
    blocks = [capture_files.section(), capture_files.interface(snap_length=96),
              capture_files.interface(capture_files.RAW_IP, resolution=9)]
    for number, (seconds, us, frame) in enumerate(to.timed()):
        if number % 3 or frame[12:14] != b"\x08\x00":
            cut = frame[:96]
            blocks.append(capture_files.enhanced_packet(cut, seconds * 10**6 + us, 0, len(frame)))
        else:
            time = (seconds * 10**6 + us) * 1000
            blocks.append(capture_files.enhanced_packet(frame[14:], time, 1))
    return b"".join(blocks), len(to.packets)


def crowd():
    """Two addresses with more flows than a worker hands over at once: all end in an idle hour,
    and a crowd of packets is behind it."""
    a, b = "192.168.4.1", "192.168.4.2"
    packets = [(BEGIN_S + i // 4000, i % 4000 * 200, frames.udp(b"%05d" % i, a, 1024 + i, b, 53))
               for i in range(8000)]
    packets += [(BEGIN_S + 3600, i * 100, frames.udp(b"%05d" % i, a, 1024 + i % 7, b, 123))
                for i in range(3000)]
    return capture_files.pcap(packets), len(packets)


def captures_in(folder):
    """Writes the tests' own captures there."""
    paths = []
    for name, (data, _) in (("mixed.pcap", mixed(1)), ("interfaces.pcapng", mixed_pcapng(2)),
                            ("crowd.pcap", crowd())):
        paths.append(folder / name)
        paths[-1].write_bytes(data)
    return paths
