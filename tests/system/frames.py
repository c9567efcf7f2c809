"""Packets as bytes, built for the system tests: Ethernet up to DHCP, DNS and NetBIOS names. Sums are
right unless a test makes them wrong. Pure functions."""
import ipaddress
import struct

HOME, OUTSIDE = "192.168.7.20", "203.0.113.9"
SYN, ACK, PSH, FIN, RST = 0x02, 0x10, 0x08, 0x01, 0x04


def checksum(data):
    data += bytes(len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def mac_of(address):
    """A unicast, globally administered address that follows from the IP address."""
    return b"\x00\x1b" + ipaddress.ip_address(address).packed[-4:]


def ethernet(payload, source, destination, kind=0x0800, vlan=None):
    tag = struct.pack(">HH", 0x8100, vlan) if vlan is not None else b""
    return destination + source + tag + struct.pack(">H", kind) + payload


def ip4(payload, source, destination, protocol, *, ttl=64, identification=0, fragment=0):
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), identification, fragment, ttl,
                       protocol, 0)
    head += ipaddress.ip_address(source).packed + ipaddress.ip_address(destination).packed
    return head[:10] + struct.pack(">H", checksum(head)) + head[12:] + payload


def _transport_sum(payload, source, destination, protocol):
    pseudo = (ipaddress.ip_address(source).packed + ipaddress.ip_address(destination).packed +
              struct.pack(">BBH", 0, protocol, len(payload)))
    return checksum(pseudo + payload) or 0xFFFF


def _framed(packet, source, destination, options):
    return ethernet(packet, options.get("source_mac") or mac_of(source),
                    options.get("destination_mac") or mac_of(destination), vlan=options.get("vlan"))


def udp(payload, source, source_port, destination, destination_port, **options):
    datagram = struct.pack(">HHHH", source_port, destination_port, 8 + len(payload), 0) + payload
    total = _transport_sum(datagram, source, destination, 17)
    datagram = datagram[:6] + struct.pack(">H", total) + datagram[8:]
    return _framed(ip4(datagram, source, destination, 17), source, destination, options)


def tcp(flags, source, source_port, destination, destination_port, payload=b"", sequence=0,
        acknowledged=0, **options):
    segment = struct.pack(">HHIIBBHHH", source_port, destination_port, sequence & 0xFFFFFFFF,
                          acknowledged & 0xFFFFFFFF, 5 << 4, flags, 64240, 0, 0) + payload
    total = _transport_sum(segment, source, destination, 6)
    segment = segment[:16] + struct.pack(">H", total) + segment[18:]
    return _framed(ip4(segment, source, destination, 6), source, destination, options)


def icmp_echo(source, destination, identifier, sequence, payload=b"", answer=False, **options):
    message = struct.pack(">BBHHH", 0 if answer else 8, 0, 0, identifier, sequence) + payload
    message = message[:2] + struct.pack(">H", checksum(message)) + message[4:]
    return _framed(ip4(message, source, destination, 1), source, destination, options)


def connection(client, client_port, server, server_port, request=b"", answer=b"", **options):
    """Frames of a whole TCP connection, from SYN to the last ACK."""
    there, back = (client, client_port, server, server_port), (server, server_port, client,
                                                               client_port)
    a, b = 1000, 9000
    frames = [tcp(SYN, *there, sequence=a, **options),
              tcp(SYN | ACK, *back, sequence=b, acknowledged=a + 1, **options),
              tcp(ACK, *there, sequence=a + 1, acknowledged=b + 1, **options)]
    a, b = a + 1, b + 1
    for data, way in ((request, there), (answer, back)):
        for at in range(0, len(data), 1400):
            part = data[at:at + 1400]
            frames.append(tcp(ACK | PSH, *way, part, a if way is there else b,
                              b if way is there else a, **options))
            a, b = (a + len(part), b) if way is there else (a, b + len(part))
    return frames + [tcp(FIN | ACK, *there, sequence=a, acknowledged=b, **options),
                     tcp(FIN | ACK, *back, sequence=b, acknowledged=a + 1, **options),
                     tcp(ACK, *there, sequence=a + 1, acknowledged=b + 1, **options)]


def dns_name(labels):
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def dns_query(labels, identifier=1, kind=1):
    return struct.pack(">HHHHHH", identifier, 0x0100, 1, 0, 0, 0) + dns_name(labels) + struct.pack(
        ">HH", kind, 1)


def dns_address_answer(labels, address, identifier=0, flags=0x8400):
    """An answer without a question, as mDNS sends it."""
    return (struct.pack(">HHHHHH", identifier, flags, 0, 1, 0, 0) + dns_name(labels) +
            struct.pack(">HHIH", 1, 1, 120, 4) + ipaddress.ip_address(address).packed)


def dhcp_request(mac, host_name, client_address="0.0.0.0"):
    head = struct.pack(">BBBBIHH", 1, 1, 6, 0, 0x1234, 0, 0)
    head += ipaddress.ip_address(client_address).packed + bytes(12) + mac + bytes(10 + 192)
    return (head + b"\x63\x82\x53\x63" + b"\x35\x01\x03" + bytes([12, len(host_name)]) + host_name +
            b"\xff")


def netbios_registration(name, address):
    """RFC 1002, 4.2.2: a workstation registers its own unique name."""
    raw = name[:15].ljust(15) + b"\0"
    encoded = b"".join(bytes([0x41 + (c >> 4), 0x41 + (c & 15)]) for c in raw)
    question = b"\x20" + encoded + b"\0"
    return (struct.pack(">HHHHHH", 7, 0x2910, 1, 0, 0, 1) + question + struct.pack(">HH", 0x20, 1) +
            b"\xc0\x0c" + struct.pack(">HHIHH", 0x20, 1, 300000, 6, 0) +
            ipaddress.ip_address(address).packed)


def client_hello(server_name):
    """A TLS ClientHello with `server_name` as it stands (RFC 6066, 3)."""
    entry = b"\0" + struct.pack(">H", len(server_name)) + server_name
    names = struct.pack(">H", len(entry)) + entry
    extension = struct.pack(">HH", 0, len(names)) + names
    body = (b"\x03\x03" + bytes(range(32)) + b"\0" + struct.pack(">H", 2) + b"\x13\x01" + b"\x01\0" +
            struct.pack(">H", len(extension)) + extension)
    message = b"\x01" + struct.pack(">I", len(body))[1:] + body
    return b"\x16\x03\x01" + struct.pack(">H", len(message)) + message
