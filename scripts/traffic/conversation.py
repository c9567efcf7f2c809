"""Endpoints, and what passes between two of them: whole TCP connections, UDP exchanges, echoes."""
from . import wire

SYN_OPTIONS = b"\x02\x04\x05\xb4\x01\x01\x04\x02\x01\x03\x03\x07"  # MSS 1460, SACK, window scale 7
TURN_US = 300  # how long a host on the LAN thinks before it answers


class Endpoint:
    """A MAC and an address; hosts outside have the router's MAC."""

    def __init__(self, mac, ip, name="", ttl=64):
        self.mac, self.ip, self.name, self.ttl = mac, ip, name, ttl
        self.ident = (sum(ip) * 2477) & 0xFFFF

    def packet(self, other, protocol, segment):
        """A frame to `other` (an Endpoint) with what is above IP already made."""
        if len(self.ip) == 16:
            packet = wire.ip6(self.ip, other.ip, protocol, segment, self.ttl)
            return wire.ethernet(other.mac, self.mac, wire.ETHERTYPE_IP6, packet)
        self.ident = (self.ident + 1) & 0xFFFF
        packet = wire.ip4(self.ip, other.ip, protocol, segment, self.ttl, self.ident)
        return wire.ethernet(other.mac, self.mac, wire.ETHERTYPE_IP4, packet)

    def tcp(self, other, ports, seq, ack, flags, payload=b"", options=b""):
        return self.packet(other, wire.TCP, wire.tcp(self.ip, other.ip, ports, seq, ack, flags,
                                                     payload, options))

    def udp(self, other, ports, payload):
        return self.packet(other, wire.UDP, wire.udp(self.ip, other.ip, ports, payload))


def group(ip, broadcast=False):
    """The endpoint that a multicast or broadcast is sent to."""
    return Endpoint(wire.BROADCAST_MAC if broadcast else wire.multicast_mac(ip), ip)


class TcpConversation:
    """One connection. `now_us` moves on with what is said; all of it goes into the timeline."""

    def __init__(self, timeline, random, client, server, port, at_us, rtt_us=20_000,
                 bits_per_second=100_000_000):
        self.timeline, self.client, self.server = timeline, client, server
        self.ports = (random.randrange(32768, 61000), port)
        self.seq = {client: random.getrandbits(32), server: random.getrandbits(32)}
        self.now_us, self.rtt_us, self.bits_per_second = at_us, rtt_us, bits_per_second

    def _send(self, by, flags, payload=b"", options=b"", at_us=None):
        other = self.server if by is self.client else self.client
        ports = self.ports if by is self.client else self.ports[::-1]
        ack = self.seq[other] if flags & wire.ACK else 0
        self.timeline.at(self.now_us if at_us is None else at_us,
                         by.tcp(other, ports, self.seq[by], ack, flags, payload, options))
        self.seq[by] += len(payload) + bool(flags & (wire.SYN | wire.FIN))

    def open(self):
        self._send(self.client, wire.SYN, options=SYN_OPTIONS)
        self.now_us += self.rtt_us
        self._send(self.server, wire.SYN | wire.ACK, options=SYN_OPTIONS)
        self.now_us += TURN_US
        self._send(self.client, wire.ACK)
        self.now_us += TURN_US
        return self

    def refused(self):
        self._send(self.client, wire.SYN, options=SYN_OPTIONS)
        self.now_us += self.rtt_us
        self.seq[self.server] = 0
        self._send(self.server, wire.RST | wire.ACK)
        return self

    def wait(self, time_us):
        self.now_us += time_us
        return self

    def say(self, payload, by_client=True):
        """Segments of one side; the other acknowledges every second one, a round trip later."""
        by, other = (self.client, self.server) if by_client else (self.server, self.client)
        delay_us = self.rtt_us if by_client else TURN_US
        for begin in range(0, len(payload), wire.MSS_BYTES):
            part = payload[begin:begin + wire.MSS_BYTES]
            last = begin + wire.MSS_BYTES >= len(payload)
            self._send(by, wire.ACK | (wire.PSH if last else 0), part)
            if last or (begin // wire.MSS_BYTES) & 1:
                self._send(other, wire.ACK, at_us=self.now_us + delay_us)
            self.now_us += 1 + len(part) * 8_000_000 // self.bits_per_second
        self.now_us += delay_us + TURN_US
        return self

    def close(self, by_client=True):
        by, other = (self.client, self.server) if by_client else (self.server, self.client)
        self._send(by, wire.FIN | wire.ACK)
        self.now_us += self.rtt_us
        self._send(other, wire.FIN | wire.ACK)
        self.now_us += TURN_US
        self._send(by, wire.ACK)
        return self


def exchange(timeline, at_us, client, server, ports, question, answer, rtt_us=20_000):
    """One datagram there and one back."""
    timeline.at(at_us, client.udp(server, ports, question))
    timeline.at(at_us + rtt_us, server.udp(client, ports[::-1], answer))
    return at_us + rtt_us + TURN_US


def echo(timeline, at_us, client, server, ident, sequence, payload, rtt_us=500, answered=True):
    timeline.at(at_us, client.packet(server, wire.ICMP,
                                     wire.icmp_echo(True, ident, sequence, payload)))
    if answered:
        timeline.at(at_us + rtt_us, server.packet(client, wire.ICMP,
                                                  wire.icmp_echo(False, ident, sequence, payload)))


def resolve_mac(timeline, at_us, client, server):
    """ARP: who has, and the answer."""
    timeline.at(at_us, wire.arp(1, client.mac, client.ip, wire.BROADCAST_MAC, server.ip))
    timeline.at(at_us + 200, wire.arp(2, server.mac, server.ip, client.mac, client.ip))
