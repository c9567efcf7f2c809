"""A small office on an ordinary day: people who browse, machines that report, and who serves them.

Everything is scheduled minute by minute, so that a day needs no more memory than its longest
conversation. Outside addresses are those set aside for documents (RFC 5737, RFC 3849).
"""
import random as random_module

from . import messages, wire
from .conversation import Endpoint, TcpConversation, echo, exchange, group, resolve_mac

MINUTE_US = 60_000_000
SECOND_US = 1_000_000
SITES = ("news", "mail", "search", "maps", "weather", "shop", "docs", "video", "forum", "bank")
FIXED_HOSTS = 7  # gateway, files, www, printer, camera, thermometer, reader


class Office:
    """The hosts, and `minute` that schedules one minute of what they do."""

    def __init__(self, timeline, seed, devices=13):
        self.timeline, self.seed = timeline, seed
        self.random = random_module.Random(f"office {seed}")
        self.pool = self.random.randbytes(1 << 17)
        self.gateway = self._host(1, "gateway")
        self.files = self._host(10, "files")
        self.www = self._host(15, "www")
        self.printer = self._host(20, "printer")
        self.camera = self._host(30, "camera-door")
        self.thermometer = self._host(31, "thermometer")
        self.reader = self._host(32, "badge-reader")
        people = max(3, devices - FIXED_HOSTS)
        self.people = [self._host(101 + n, f"desk-{n + 1}") for n in range(people)]
        self.hosts = [self.gateway, self.files, self.www, self.printer, self.camera,
                      self.thermometer, self.reader, *self.people]
        self.sites = [self.outside(f"198.51.100.{10 + n}", f"www.{name}.example")
                      for n, name in enumerate(SITES)]
        self.push = self.outside("203.0.113.5", "push.cloud.example")
        self.clock = self.outside("203.0.113.123", "ntp.example")
        self.mirror = self.outside("198.51.100.200", "updates.os.example")
        self.dns_ident = 0
        self.silent_from_us, self.damaged_from_us = {}, {}  # host -> when it breaks

    def _host(self, number, name):
        """10.20.0.0/16: room for as many desks as are wanted."""
        ip = bytes((10, 20, number >> 8, number & 255))
        return Endpoint(b"\x00\x16\x3e" + bytes((20, number >> 8, number & 255)), ip, name)

    def outside(self, ip, name=""):
        return Endpoint(self.gateway.mac, wire.address(ip), name, ttl=54)

    def inside(self, number, name=""):
        return self._host(number, name)

    # -- what a host does ------------------------------------------------------------------------

    def look_up(self, at_us, host, name, ip=b"", kind=messages.A):
        """Asks the gateway; returns when the answer is there. No `ip`: there is no such name."""
        self.dns_ident = (self.dns_ident * 5 + 12345) & 0xFFFF
        records = [(kind, ip)] if ip else []
        return exchange(self.timeline, at_us, host, self.gateway,
                        (self.random.randrange(32768, 61000), 53),
                        messages.dns_query(self.dns_ident, name, kind),
                        messages.dns_answer(self.dns_ident, name, records, kind, 0 if ip else 3),
                        rtt_us=self.random.randrange(800, 15_000))

    def connect(self, host, server, port, at_us, rtt_us=0):
        rtt_us = rtt_us or (self.random.randrange(300, 900) if server.ip[0] == 10 else
                            self.random.randrange(8_000, 40_000))
        return TcpConversation(self.timeline, self.random, host, server, port, at_us, rtt_us)

    def tls(self, host, server, at_us, sizes, port=443):
        """Opened, greeted, one request and answer for each (up, down) of `sizes`; not closed."""
        talk = self.connect(host, server, port, at_us).open()
        talk.say(messages.tls_client_hello(self.random, server.name))
        talk.say(messages.tls_server_hello(self.random, self.pool), by_client=False)
        talk.say(messages.tls_record(20, b"\x01") + messages.tls_data(self.random, self.pool, 53))
        for up, down in sizes:
            talk.say(messages.tls_data(self.random, self.pool, up))
            talk.say(messages.tls_data(self.random, self.pool, down), by_client=False)
            talk.wait(self.random.randrange(20_000, 400_000))
        return talk

    def browse(self, host, at_us):
        """One page: names, a few connections, answers of which few are large."""
        site = self.random.choice(self.sites)
        at_us = self.look_up(at_us, host, site.name, site.ip)
        for _ in range(self.random.randrange(1, 4)):
            sizes = [(self.random.randrange(250, 900),
                      min(int(self.random.paretovariate(1.1) * 1500), 300_000))
                     for _ in range(self.random.randrange(1, 4))]
            talk = self.tls(host, site, at_us, sizes)
            talk.wait(self.random.randrange(50_000, 3_000_000)).close()
            at_us += self.random.randrange(5_000, 200_000)

    def intranet(self, host, at_us):
        """The internal web server, in clear."""
        dishes = self.random.randrange(20, 800)
        page = b"<html><body>" + b"menu of the week " * dishes + b"</body></html>"
        talk = self.connect(host, self.www, 80, at_us).open()
        talk.say(messages.http_request("GET", "www.office.example", "/menu"))
        talk.say(messages.http_answer(page), by_client=False).close()

    def announce(self, host, at_us):
        """As a machine does that wakes up: DHCP, ARP, mDNS, NetBIOS."""
        if host is not self.gateway:
            self.lease(host, at_us)
            resolve_mac(self.timeline, at_us + 20_000, host, self.gateway)
        everybody = group(self.gateway.ip[:2] + b"\xff\xff", broadcast=True)
        self.timeline.at(at_us + 320_000, host.udp(
            group(wire.address("224.0.0.251")), (5353, 5353),
            messages.mdns_announcement(host.name, host.ip)))
        claim = messages.netbios_registration(self.random.getrandbits(16), host.name, host.ip)
        self.timeline.at(at_us + 420_000, host.udp(everybody, (137, 137), claim))

    def lease(self, host, at_us):
        """Discover, offer, request, acknowledge."""
        ident, nobody = self.random.getrandbits(32), Endpoint(host.mac, bytes(4))
        everybody = group(b"\xff" * 4, broadcast=True)
        asks = [(12, host.name.encode())]
        grants = [(51, b"\x00\x01\x51\x80"), (54, self.gateway.ip)]
        for kind in (1, 3):
            self.timeline.at(at_us, nobody.udp(everybody, (68, 67), messages.dhcp(
                1, kind, ident, host.mac, asks)))
            self.timeline.at(at_us + 1500, self.gateway.udp(host, (67, 68), messages.dhcp(
                2, 2 if kind == 1 else 5, ident, host.mac, grants, host.ip)))
            at_us += 3000

    def neighbours(self, host, at_us):
        """IPv6 on the link: who has the router, and the answer."""
        ends = (host, self.gateway)
        link = [b"\xfe\x80" + bytes(6) + x.mac[:3] + b"\xff\xfe" + x.mac[3:] for x in ends]
        asker, router = (Endpoint(x.mac, ip, ttl=255) for x, ip in zip(ends, link))
        asked = group(wire.address("ff02::1:ff00:0")[:13] + link[1][13:])
        self.timeline.at(at_us, asker.packet(asked, wire.ICMP6, wire.icmp6(
            asker.ip, asked.ip, 135, bytes(4) + link[1] + b"\x01\x01" + host.mac)))
        self.timeline.at(at_us + 400, router.packet(asker, wire.ICMP6, wire.icmp6(
            router.ip, asker.ip, 136, b"\xe0\x00\x00\x00" + link[1] + b"\x02\x01" + router.mac)))

    # -- the schedule ----------------------------------------------------------------------------

    def minute(self, begin_us, number):
        """Everything that begins in minute `number`, which begins at `begin_us`."""
        if number == 0:
            for host in self.hosts:
                self.announce(host, begin_us + self.random.randrange(5 * SECOND_US))
        self.reports(begin_us)
        for index, host in enumerate(self.people):
            self.person(host, begin_us, index)
        self.housekeeping(begin_us, number)
        self.rare(begin_us, number)

    def reports(self, begin_us):
        """Machines that report each second or two, whatever happens."""
        for second in range(60):
            at_us = begin_us + second * SECOND_US
            self.report(self.thermometer, at_us + 100_000, b"t=%.1f" % (20 + second % 7 / 10))
            if second % 2 == 0:
                self.report(self.reader, at_us + 400_000, b"badge idle")
            for part in range(4):
                begin = self.random.randrange(len(self.pool) - 1200)
                self.timeline.at(at_us + part * 250_000 + self.random.randrange(20_000),
                                 self.camera.udp(self.files, (40000, 5004), b"\x80\x60" +
                                                 self.pool[begin:begin + 1100]))

    def report(self, host, at_us, text):
        at_us += self.random.randrange(10_000)
        if at_us >= self.silent_from_us.get(host, at_us + 1):
            # Whoever waits for it asks what has become of it.
            self.timeline.at(at_us, self.files.udp(host, (9001, 40001), b"are you there"))
            return
        if at_us >= self.damaged_from_us.get(host, at_us + 1):
            frame = bytearray(host.udp(self.files, (40001, 9001), text + b" ok"))
            frame[42 + self.random.randrange(len(text))] ^= 1 << self.random.randrange(8)
            self.timeline.at(at_us, bytes(frame))
            return
        exchange(self.timeline, at_us, host, self.files, (40001, 9001), text + b" ok", b"ack",
                 rtt_us=400)

    def person(self, host, begin_us, index):
        def sometime():
            return begin_us + self.random.randrange(MINUTE_US)
        for _ in range(self.random.randrange(1, 4)):
            self.browse(host, sometime())
        if self.random.random() < 0.5:
            self.intranet(host, sometime())
        if self.random.random() < 0.3:
            self.connect(host, self.printer, 9100, sometime()).refused()
        if self.random.random() < 0.3:
            self.look_up(sometime(), host, f"wpad-{index}.office.example")
        if self.random.random() < 0.5:
            self.neighbours(host, sometime())
        resolve_mac(self.timeline, sometime(), host, self.files)
        # Everybody's machine asks one common service for news, as regular as clockwork.
        for beat in (0, 1):
            at_us = begin_us + beat * 30 * SECOND_US + index * 700_000
            self.tls(host, self.push, at_us + self.random.randrange(50_000), [(120, 80)]).close()

    def housekeeping(self, begin_us, number):
        """Clocks, monitoring by ping, address resolution."""
        for index, host in enumerate((self.files, self.www, *self.people[:4])):
            at_us = begin_us + (index + 1) * 8 * SECOND_US
            exchange(self.timeline, at_us, host, self.clock, (123, 123), messages.ntp(3, at_us),
                     messages.ntp(4, at_us + 9000), rtt_us=18_000)
        for turn in range(6):
            for index, host in enumerate((self.gateway, self.www, self.printer)):
                echo(self.timeline, begin_us + turn * 10 * SECOND_US + index * 100_000, self.files,
                     host, 7, number * 6 + turn & 0xFFFF, self.pool[:56])

    def rare(self, begin_us, number):
        """A backup inside, a download from outside, a call: one of them every other minute."""
        turn, host = number % 6, self.people[number % len(self.people)]
        at_us = begin_us + 5 * SECOND_US
        if turn == 0:
            self.backup(host, at_us)
        elif turn == 2:
            self.download(host, at_us)
        elif turn == 4:
            self.call(host, at_us, 40)

    def backup(self, host, at_us, size_bytes=8_000_000):
        talk = self.connect(host, self.files, 445, at_us).open()
        for _ in range(size_bytes // 65_536):
            talk.say(b"\x00\x01\x00\x00\xfeSMB" + self.pool[:65_528]).wait(30_000)
        talk.close()

    def download(self, host, at_us, size_bytes=6_000_000):
        at_us = self.look_up(at_us, host, self.mirror.name, self.mirror.ip)
        talk = self.connect(host, self.mirror, 80, at_us).open()
        talk.say(messages.http_request("GET", self.mirror.name, "/packages/office.bin"))
        body = (self.pool * (size_bytes // len(self.pool) + 1))[:size_bytes]
        talk.say(messages.http_answer(body, "application/octet-stream"), by_client=False).close()

    def call(self, host, at_us, seconds):
        """Signalled over TLS, then pictures and sound both ways; signalled again when it ends."""
        peer, server = self.outside("203.0.113.77"), self.outside("203.0.113.70", "meet.example")
        at_us = self.look_up(at_us, host, server.name, server.ip)
        talk = self.tls(host, server, at_us, [(900, 1400)])
        ports = (self.random.randrange(50_000, 51_000), 3478)
        begin_us, count = talk.now_us, seconds * 60
        for number in range(count):
            head = b"\x80\x60" + number.to_bytes(2, "big") + (number * 1500).to_bytes(4, "big")
            for by, to, way in ((host, peer, ports), (peer, host, ports[::-1])):
                begin = self.random.randrange(len(self.pool) - 1200)
                payload = head + self.pool[begin:begin + self.random.randrange(300, 1100)]
                self.timeline.at(begin_us + number * 16_667 + self.random.randrange(6_000),
                                 by.udp(to, way, payload))
        talk.now_us = begin_us + seconds * SECOND_US
        talk.say(messages.tls_data(self.random, self.pool, 200)).close()
