"""What applications say, as payload bytes."""
import struct

A, PTR, TXT, AAAA, SRV = 1, 12, 16, 28, 33
TLS_RECORD_BYTES = 16384


def labels(name):
    """A DNS name on the wire; bytes are taken as they are, dots divide."""
    raw = name if isinstance(name, bytes) else name.encode()
    return b"".join(bytes((len(part),)) + part for part in raw.split(b".") if part) + b"\0"


def dns_query(ident, name, kind=A):
    head = struct.pack(">HHHHHH", ident, 0x0100, 1, 0, 0, 0)
    return head + labels(name) + struct.pack(">HH", kind, 1)


def dns_answer(ident, name, records, kind=A, code=0):
    """`records`: (type, data) pairs, all about the name asked for."""
    head = struct.pack(">HHHHHH", ident, 0x8180 | code, 1, len(records), 0, 0)
    body = b"".join(struct.pack(">HHHIH", 0xC00C, record_kind, 1, 300, len(data)) + data
                    for record_kind, data in records)
    return head + labels(name) + struct.pack(">HH", kind, 1) + body


def mdns_announcement(name, ip, service="_http._tcp.local"):
    """`name` is one label, str or bytes; it owns the address and offers the service."""
    raw = name if isinstance(name, bytes) else name.encode()
    label = bytes((len(raw),)) + raw
    host, kind = label + labels("local"), AAAA if len(ip) == 16 else A
    offer = label + labels(service)
    records = (
        labels(service) + struct.pack(">HHIH", PTR, 1, 4500, len(offer)) + offer,
        offer + struct.pack(">HHIHHHH", SRV, 0x8001, 120, 6 + len(host), 0, 0, 80) + host,
        host + struct.pack(">HHIH", kind, 0x8001, 120, len(ip)) + ip)
    return struct.pack(">HHHHHH", 0, 0x8400, 0, len(records), 0, 0) + b"".join(records)


def netbios_registration(ident, name, ip):
    """A broadcast name registration; `name` of up to 15 bytes."""
    raw = name if isinstance(name, bytes) else name.upper().encode()
    padded = raw[:15].ljust(15, b" ") + b"\0"
    encoded = bytes(0x41 + half for byte in padded for half in (byte >> 4, byte & 15))
    return (struct.pack(">HHHHHH", ident, 0x2910, 1, 0, 0, 1) + b"\x20" + encoded + b"\0" +
            struct.pack(">HHHHHIHH", 0x20, 1, 0xC00C, 0x20, 1, 300_000, 6, 0) + ip)


def dhcp(operation, kind, ident, mac, options, your_ip=bytes(4), server_ip=bytes(4)):
    """`kind` 1 discover, 2 offer, 3 request, 5 ack; `options`: (number, bytes) pairs."""
    fixed = struct.pack(">BBBBIHH4s4s4s4s16s", operation, 1, 6, 0, ident, 0, 0, bytes(4), your_ip,
                        server_ip, bytes(4), mac.ljust(16, b"\0"))
    tail = b"".join(bytes((number, len(data))) + data for number, data in options)
    return (fixed + bytes(192) + b"\x63\x82\x53\x63" + bytes((53, 1, kind)) + tail +
            b"\xff").ljust(300, b"\0")


def ntp(mode, at_us):
    """Mode 3 asks, 4 answers; time stamps count from 1900."""
    seconds, rest = divmod(at_us, 1_000_000)
    stamp = struct.pack(">II", (seconds + 2_208_988_800) & 0xFFFFFFFF, (rest << 32) // 1_000_000)
    stratum, reference = (2, b"\xc0\x00\x02\x7b") if mode == 4 else (0, bytes(4))
    head = struct.pack(">BBbbII4s", 0x20 | mode, stratum, 6, -20, 0x100, 0x200, reference)
    return head + (stamp * 4 if mode == 4 else bytes(24) + stamp)


def tls_record(kind, body):
    return struct.pack(">BHH", kind, 0x0303, len(body)) + body


def tls_client_hello(random, server_name):
    raw = server_name if isinstance(server_name, bytes) else server_name.encode()
    name = struct.pack(">HBH", len(raw) + 3, 0, len(raw)) + raw
    extensions = b"".join(struct.pack(">HH", number, len(data)) + data for number, data in (
        (0, name), (10, b"\x00\x04\x00\x1d\x00\x17"), (13, b"\x00\x04\x04\x03\x08\x04"),
        (16, b"\x00\x0c\x02h2\x08http/1.1"), (43, b"\x04\x03\x04\x03\x03"),
        (51, b"\x00\x24\x00\x1d\x00\x20" + random.randbytes(32))))
    body = (b"\x03\x03" + random.randbytes(32) + b"\x20" + random.randbytes(32) +
            b"\x00\x08\x13\x01\x13\x02\xc0\x2b\xc0\x2f" + b"\x01\x00" +
            struct.pack(">H", len(extensions)) + extensions)
    return tls_record(22, b"\x01" + len(body).to_bytes(3, "big") + body)


def tls_server_hello(random, pool):
    extensions = (b"\x00\x2b\x00\x02\x03\x04" + b"\x00\x33\x00\x24\x00\x1d\x00\x20" +
                  random.randbytes(32))
    body = (b"\x03\x03" + random.randbytes(32) + b"\x20" + random.randbytes(32) + b"\x13\x01\x00" +
            struct.pack(">H", len(extensions)) + extensions)
    hello = tls_record(22, b"\x02" + len(body).to_bytes(3, "big") + body)
    return hello + tls_record(20, b"\x01") + tls_data(random, pool, 2200 + random.randrange(1500))


def tls_data(random, pool, size_bytes):
    """Encrypted application data: bytes of the pool, from anywhere in it."""
    records = []
    while size_bytes > 0:
        size = min(size_bytes, TLS_RECORD_BYTES)
        begin = random.randrange(len(pool) - size)
        records.append(tls_record(23, pool[begin:begin + size]))
        size_bytes -= size
    return b"".join(records)


def http_request(method, host, path, body=b"", content_type="application/octet-stream"):
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", "User-Agent: office/1.0", "Accept: */*"]
    if body:
        lines += [f"Content-Type: {content_type}", f"Content-Length: {len(body)}"]
    return "\r\n".join(lines + ["", ""]).encode() + body


def http_answer(body, content_type="text/html", status="200 OK"):
    return (f"HTTP/1.1 {status}\r\nServer: www\r\nContent-Type: {content_type}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n").encode() + body
