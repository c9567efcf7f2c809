"""Frames as they lie on the wire. Addresses are bytes; checksums are right."""
import ipaddress
import struct

ETHERTYPE_IP4, ETHERTYPE_ARP, ETHERTYPE_IP6, ETHERTYPE_VLAN = 0x0800, 0x0806, 0x86DD, 0x8100
ICMP, TCP, UDP, ICMP6 = 1, 6, 17, 58
FIN, SYN, RST, PSH, ACK, URG = 1, 2, 4, 8, 16, 32
BROADCAST_MAC = b"\xff" * 6
DONT_FRAGMENT, MORE_FRAGMENTS = 0x4000, 0x2000
MSS_BYTES = 1460

IP4_HEADER = struct.Struct(">BBHHHBBH4s4s")
TCP_HEADER = struct.Struct(">HHIIBBHHH")


def address(text):
    return ipaddress.ip_address(text).packed


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def ones_sum(data):
    """The ones' complement sum of RFC 1071: 2^16 is 1 modulo 0xffff, so one division does it."""
    return int.from_bytes(data + b"\0" if len(data) & 1 else data, "big") % 0xFFFF


def checksum(total):
    return 0xFFFF - (total % 0xFFFF or 0xFFFF)


def ethernet(destination, source, ethertype, payload):
    """Padded to the 60 bytes that a card hands over of the shortest frame."""
    return (destination + source + ethertype.to_bytes(2, "big") + payload).ljust(60, b"\0")


def arp(operation, sender_mac, sender_ip, target_mac, target_ip):
    body = struct.pack(">HHBBH6s4s6s4s", 1, ETHERTYPE_IP4, 6, 4, operation, sender_mac, sender_ip,
                       target_mac if operation == 2 else bytes(6), target_ip)
    return ethernet(target_mac if operation == 2 else BROADCAST_MAC, sender_mac, ETHERTYPE_ARP,
                    body)


def ip4(source, destination, protocol, payload, ttl=64, ident=0, fragment=DONT_FRAGMENT):
    header = IP4_HEADER.pack(0x45, 0, 20 + len(payload), ident, fragment, ttl, protocol, 0, source,
                             destination)
    return header[:10] + checksum(ones_sum(header)).to_bytes(2, "big") + header[12:] + payload


def ip6(source, destination, protocol, payload, hops=64):
    return struct.pack(">IHBB16s16s", 0x60000000, len(payload), protocol, hops, source,
                       destination) + payload


def pseudo_sum(source, destination, protocol, length_bytes):
    return ones_sum(source) + ones_sum(destination) + protocol + length_bytes


def tcp(source, destination, ports, seq, ack, flags, payload=b"", options=b"", window=64240):
    """A segment; `source` and `destination` are needed for the checksum."""
    length = 20 + len(options)
    total = pseudo_sum(source, destination, TCP, length + len(payload))
    header = TCP_HEADER.pack(*ports, seq & 0xFFFFFFFF, ack & 0xFFFFFFFF, length << 2, flags, window,
                             0, 0) + options
    total += ones_sum(header) + ones_sum(payload)
    return header[:16] + checksum(total).to_bytes(2, "big") + header[18:] + payload


def udp(source, destination, ports, payload):
    length = 8 + len(payload)
    total = pseudo_sum(source, destination, UDP, length) + sum(ports) + length + ones_sum(payload)
    return struct.pack(">HHHH", *ports, length, checksum(total) or 0xFFFF) + payload


def icmp_echo(request, ident, sequence, payload):
    head = struct.pack(">BBHHH", 8 if request else 0, 0, 0, ident, sequence)
    return head[:2] + checksum(ones_sum(head) + ones_sum(payload)).to_bytes(2, "big") + \
        head[4:] + payload


def icmp6(source, destination, kind, body):
    """`body` is all that follows the checksum."""
    head = bytes((kind, 0, 0, 0)) + body
    total = pseudo_sum(source, destination, ICMP6, len(head)) + ones_sum(head)
    return head[:2] + checksum(total).to_bytes(2, "big") + body


def multicast_mac(ip):
    if len(ip) == 16:
        return b"\x33\x33" + ip[12:]
    return b"\x01\x00\x5e" + bytes((ip[1] & 0x7F,)) + ip[2:]
