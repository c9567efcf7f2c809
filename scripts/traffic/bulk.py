"""A million packets in seconds, for measuring: templates, and one checksum of integers a packet."""
import random as random_module
import struct

from . import messages, wire
from .capture import BEGIN_US

FLUSH_BYTES = 1 << 20
SYN_PER_SECOND, IMIX_PER_SECOND = 250_000, 100_000
IMIX_FLOWS_PER_PACKET, IMIX_DEVICES = 10, 2_000
# Frames without their check sequence, as captures hold them: 64, 594 and 1518 bytes on the wire.
IMIX = ((60, 7), (590, 4), (1514, 1))
TCP_HEADERS_BYTES, UDP_HEADERS_BYTES = 54, 42
# First octets of which every address is somebody's outside.
OUTSIDE_OCTETS = [n for n in range(1, 224) if n not in (10, 100, 127, 169, 172, 192, 198, 203)]
SYN_ACK, PSH_ACK, FIN_ACK = wire.SYN | wire.ACK, wire.PSH | wire.ACK, wire.FIN | wire.ACK
MSS_OPTION = b"\x02\x04\x05\xb4"
# Record header (little endian) and frame are packed apart and joined.
RECORD = struct.Struct("<IIII")
TCP_FRAME = struct.Struct(">6s6sHBBHHHBBHIIHHIIBBHHH")
UDP_FRAME = struct.Struct(">6s6sHBBHHHBBHIIHHHH")


def pack_tcp(source, target, ports_seq_ack, flags, ident, payload, payload_sum, options=b"",
             options_sum=0):
    """Both are (mac, address, ones' sum of the address); a frame without padding."""
    sport, dport, seq, ack = ports_seq_ack
    header = 20 + len(options)
    total = 20 + header + len(payload)
    addresses = source[2] + target[2]
    ip_sum = 0x4500 + total + ident + 0x4000 + 0x4006 + addresses
    words = (header << 10) | flags
    tcp_sum = (addresses + 6 + total - 20 + sport + dport + seq + ack + words + 64240 +
               payload_sum + options_sum)
    return TCP_FRAME.pack(target[0], source[0], 0x0800, 0x45, 0, total, ident, 0x4000, 64, 6,
                          0xFFFF - (ip_sum % 0xFFFF or 0xFFFF), source[1], target[1], sport, dport,
                          seq, ack, header << 2, flags, 64240,
                          0xFFFF - (tcp_sum % 0xFFFF or 0xFFFF), 0) + options + payload


def pack_udp(source, target, ports, ident, payload, payload_sum):
    length = 8 + len(payload)
    addresses = source[2] + target[2]
    ip_sum = 0x4500 + 20 + length + ident + 0x4000 + 0x4011 + addresses
    udp_sum = addresses + 17 + 2 * length + ports[0] + ports[1] + payload_sum
    head = UDP_FRAME.pack(target[0], source[0], 0x0800, 0x45, 0, 20 + length, ident, 0x4000, 64, 17,
                          0xFFFF - (ip_sum % 0xFFFF or 0xFFFF), source[1], target[1], *ports,
                          length, (0xFFFF - (udp_sum % 0xFFFF or 0xFFFF)) or 0xFFFF)
    return head + payload


def end_of(mac, number):
    """What the packers want of an address given as a number."""
    return mac, number, number % 0xFFFF


class Records:
    """Joins frames into records and hands them on in large pieces."""

    def __init__(self, file, per_second):
        self.file, self.step_us = file, 1_000_000 / per_second
        self.parts, self.bytes, self.count, self.written = [], 0, 0, 0

    def add(self, frame):
        seconds, rest = divmod(BEGIN_US + int(self.count * self.step_us), 1_000_000)
        size = len(frame)
        if size < 60:
            frame, size = frame.ljust(60, b"\0"), 60
        self.parts += (RECORD.pack(seconds, rest, size, size), frame)
        self.bytes += size
        self.count += 1
        if self.bytes > FLUSH_BYTES:
            self.flush()

    def flush(self):
        self.file.write_records(b"".join(self.parts), self.count - self.written)
        self.parts, self.bytes, self.written = [], 0, self.count


def syn60(file, packets, seed):
    """60-byte SYNs from a million random sources to four servers."""
    random = random_module.Random(f"syn60 {seed}")
    mac = bytes.fromhex("00163e000001")
    servers = [end_of(bytes.fromhex(f"00163e0001{n:02x}"), 0x0A140001 + n) for n in range(4)]
    sources = [random.choice(OUTSIDE_OCTETS) << 24 | random.getrandbits(24)
               for _ in range(min(packets, 1_000_000))]
    options, options_sum = MSS_OPTION, wire.ones_sum(MSS_OPTION)
    records, bits, choose = Records(file, SYN_PER_SECOND), random.getrandbits, len(sources)
    for _ in range(packets):
        any_bits = bits(96)
        source = sources[(any_bits >> 64) % choose]
        server = servers[any_bits & 3]
        records.add(pack_tcp((mac, source, source % 0xFFFF), server,
                             (1024 + (any_bits >> 2) % 64_512, 443, any_bits >> 32 & 0xFFFFFFFF, 0),
                             wire.SYN, any_bits >> 18 & 0xFFFF, b"", 0, options, options_sum))
    records.flush()


class ImixSizes:
    """Which size is furthest behind its share: the mix comes out right, whatever flows dictate."""

    def __init__(self):
        self.made = [0] * len(IMIX)

    def note(self, frame_bytes):
        self.made[0 if frame_bytes <= 100 else 1 if frame_bytes <= 900 else 2] += 1

    def next(self):
        lag = [made / share for made, (_, share) in zip(self.made, IMIX)]
        index = lag.index(min(lag))
        return IMIX[index][0]


class Payloads:
    """Pieces of random bytes with their sums, some of each size; the larger ones are TLS."""

    def __init__(self, random, headers_bytes):
        self.by_size = {}
        pool = random.randbytes(1 << 16)
        for size, _ in IMIX:
            pieces = []
            for _ in range(256):
                begin, length = random.randrange(len(pool) - size), size - headers_bytes
                piece = pool[begin:begin + length]
                if length > 100:
                    piece = messages.tls_record(23, piece[:length - 5])
                pieces.append((piece, wire.ones_sum(piece)))
            self.by_size[size] = pieces


def imix_tcp(random, client, server, payloads, sizes, data_packets):
    """The packets of one connection, whole from SYN to the last ACK. A generator."""
    up = (random.randrange(32_768, 61_000), random.choice((443, 443, 443, 80, 993, 22)))
    down, options = up[::-1], (MSS_OPTION, wire.ones_sum(MSS_OPTION))
    # 31 bits: no connection here is long enough to wrap.
    seq, ack, ident = random.getrandbits(31), random.getrandbits(31), random.getrandbits(15)
    yield pack_tcp(client, server, (*up, seq, 0), wire.SYN, ident, b"", 0, *options)
    yield pack_tcp(server, client, (*down, ack, seq + 1), SYN_ACK, ident, b"", 0, *options)
    seq, ack = seq + 1, ack + 1
    yield pack_tcp(client, server, (*up, seq, ack), wire.ACK, ident + 1, b"", 0)
    for number in range(data_packets):
        ident += 1
        size = sizes.next()
        # What is left of the small ones are acknowledgements; data flows mostly to the client.
        piece, total = random.choice(payloads.by_size[size]) if size > 60 else (b"", 0)
        flags = PSH_ACK if piece else wire.ACK
        if number % 4 == 0:
            yield pack_tcp(client, server, (*up, seq, ack), flags, ident + 1, piece, total)
            seq += len(piece)
        else:
            yield pack_tcp(server, client, (*down, ack, seq), flags, ident + 1, piece, total)
            ack += len(piece)
    yield pack_tcp(client, server, (*up, seq, ack), FIN_ACK, ident + 2, b"", 0)
    yield pack_tcp(server, client, (*down, ack, seq + 1), FIN_ACK, ident + 2, b"", 0)
    yield pack_tcp(client, server, (*up, seq + 1, ack + 1), wire.ACK, ident + 3, b"", 0)


def imix_udp(random, client, server, payloads, sizes, data_packets):
    """A stream of datagrams both ways: QUIC or media."""
    ports, ident = (random.randrange(32_768, 61_000), random.choice((443, 3478, 51_820))), 0
    for number in range(data_packets):
        ident += 1
        piece, total = random.choice(payloads.by_size[sizes.next()])
        if number & 1:
            yield pack_udp(server, client, ports[::-1], ident, piece, total)
        else:
            yield pack_udp(client, server, ports, ident, piece, total)


def imix_dns(random, client, resolver):
    """One question and its answer."""
    ident = random.getrandbits(16)
    name = f"host{random.randrange(5000)}.site{random.randrange(400)}.example"
    port = random.randrange(32_768, 61_000)
    query = messages.dns_query(ident, name)
    answer = messages.dns_answer(ident, name, [(messages.A, random.randbytes(4))])
    yield pack_udp(client, resolver, (port, 53), ident, query, wire.ones_sum(query))
    yield pack_udp(resolver, client, (53, port), ident, answer, wire.ones_sum(answer))


class Imix:
    """Makes flows of 2,000 devices as they are wanted; about ten packets each."""

    def __init__(self, seed):
        self.random = random = random_module.Random(f"imix {seed}")
        router = bytes.fromhex("00163e000001")
        self.devices = [end_of(b"\x00\x16\x3e" + (0x100000 + n).to_bytes(3, "big"), 0x0A140100 + n)
                        for n in range(IMIX_DEVICES)]
        self.servers = [end_of(router, random.choice(OUTSIDE_OCTETS) << 24 | random.getrandbits(24))
                        for _ in range(5_000)]
        self.resolver = end_of(bytes.fromhex("00163e000053"), 0x0A140035)
        self.segments = Payloads(random, TCP_HEADERS_BYTES)
        self.datagrams = Payloads(random, UDP_HEADERS_BYTES)
        self.sizes = ImixSizes()

    def flow(self):
        random = self.random
        # Few servers are asked by many.
        server = self.servers[int(len(self.servers) * random.random() ** 3)]
        client = random.choice(self.devices)
        kind, length = random.random(), min(3 + int(random.paretovariate(1.3)), 200)
        if kind < 0.15:
            return imix_dns(random, client, self.resolver)
        if kind < 0.30:
            return imix_udp(random, client, server, self.datagrams, self.sizes, 2 * length)
        return imix_tcp(random, client, server, self.segments, self.sizes, length)


def imix(file, packets, seed):
    """Mixed sizes over flows that interleave: a packet of one, then a packet of another."""
    source, records = Imix(seed), Records(file, IMIX_PER_SECOND)
    random = source.random
    at_once = max(1, min(20_000, packets // (2 * IMIX_FLOWS_PER_PACKET)))
    flows = [source.flow() for _ in range(at_once)]
    while records.count < packets:
        index = int(random.random() * at_once)
        frame = next(flows[index], None)
        if frame is None:
            flows[index] = source.flow()
            continue
        records.add(frame)
        source.sizes.note(len(frame))
    records.flush()
