"""Damages a capture the way disks, networks and attackers do: mutate.py [--seed N] IN OUT
The same seed and input give the same output. Kinds: flipped bits and bytes, runs overwritten, cuts,
pieces doubled, dropped, moved or taken from elsewhere in the file, records swapped, length and time
fields set to extremes."""
import argparse
import random
import struct
from pathlib import Path

EXTREMES = (0, 1, 3, 4, 11, 12, 0x7F, 0x80, 0xFF, 0xFFFF, 0x10000, 0x3FFFF, 0x40000, 0x40001,
            0x7FFFFFFF, 0x80000000, 0xFFFFFFFC, 0xFFFFFFFF)


def _records(data):
    """Offsets of records or blocks, as far as the capture can be followed, and the byte order."""
    pcapng = data[:4] == b"\x0a\x0d\x0d\x0a"
    order = ">" if data[:1] == b"\xa1" or pcapng and data[8:9] == b"\x1a" else "<"
    at, offsets = (0 if pcapng else 24), []
    while at + 16 <= len(data) and len(offsets) < 100_000:
        offsets.append(at)
        length = struct.unpack_from(order + "I", data, at + (4 if pcapng else 8))[0]
        at += max(length, 12) if pcapng else 16 + length
    return offsets, order, pcapng


def _flip(data, source):
    for _ in range(source.choice((1, 3, 20, 200))):
        data[source.randrange(len(data))] ^= 1 << source.randrange(8)


def _overwrite(data, source):
    at = source.randrange(len(data))
    size = min(source.choice((1, 2, 4, 16, 64)), len(data) - at)
    fill = source.choice((b"\0", b"\xff", b"A", None))
    data[at:at + size] = fill * size if fill else source.randbytes(size)


def _cut(data, source):
    del data[source.randrange(1, len(data)):]


def _splice(data, source):
    begin = source.randrange(len(data))
    piece = data[begin:begin + source.choice((1, 7, 60, 400, 5000))]
    at = source.randrange(len(data))
    what = source.choice(("insert", "drop", "replace"))
    if what == "insert":
        data[at:at] = piece
    elif what == "drop":
        del data[at:at + len(piece)]
    else:
        data[at:at + len(piece)] = piece


def _swap(data, source):
    """Two neighbouring records change places: time runs backwards, interfaces come too late."""
    offsets, _, _ = _records(data)
    if len(offsets) < 3:
        return _splice(data, source)
    i = source.randrange(len(offsets) - 2)
    a, b, c = offsets[i:i + 3]
    data[a:c] = data[b:c] + data[a:b]
    return None


def _set_field(data, source):
    """A length, time or count of a record, or a 16-bit length inside its packet."""
    offsets, order, pcapng = _records(data)
    if not offsets:
        return _overwrite(data, source)
    for _ in range(source.choice((1, 1, 2, 10))):
        at = source.choice(offsets)
        if source.random() < 0.5:
            field = at + source.choice((0, 4, 8, 12, 16, 20, 24) if pcapng else (0, 4, 8, 12))
            form, value = order + "I", source.choice(EXTREMES)
        else:
            field = at + (28 if pcapng else 16) + 2 * source.randrange(40)
            form, value = ">H", source.choice(EXTREMES) & 0xFFFF
        if field + struct.calcsize(form) <= len(data):
            struct.pack_into(form, data, field, value)
    return None


MUTATIONS = (_flip, _flip, _overwrite, _cut, _splice, _swap, _set_field, _set_field)


def mutated(data, seed):
    """A damaged copy. The file's first four bytes stay: without them it is no capture, which is
    told before anything is read."""
    source = random.Random(seed)
    copy = bytearray(data)
    for _ in range(source.choice((1, 2, 4, 8))):
        if len(copy) > 4:
            source.choice(MUTATIONS)(copy, source)
    copy[:4] = data[:4]
    return bytes(copy)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("input", type=Path)
    parser.add_argument("output", type=Path)
    arguments = parser.parse_args()
    arguments.output.write_bytes(mutated(arguments.input.read_bytes(), arguments.seed))
    print(f"seed {arguments.seed}")


if __name__ == "__main__":
    main()
