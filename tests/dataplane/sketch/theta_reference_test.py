#!/usr/bin/env python3
"""Holds our theta sketches against Apache DataSketches: theta_reference_test.py THETA_TOOL VENV

The same addresses go to theta_tool, split over shards, and to the datasketches package; images must
be equal byte for byte and mean the same to it: estimate, union, difference. The package is
installed into VENV; where it cannot be had the test is skipped.
"""
import ipaddress
import os
import random
import subprocess
import sys

PACKAGE = "datasketches==5.2.0"
LG_K = 9


def skip(reason):
    print("skipped:", " ".join(reason.split()))
    sys.exit(77)


def enter_venv(venv):
    """Runs this program again under the environment's own Python."""
    python = os.path.join(venv, "bin", "python")
    installed = [python, "-c", "import datasketches"]
    if not os.path.exists(python) or subprocess.run(installed, capture_output=True).returncode:
        try:
            made = subprocess.run([sys.executable, "-m", "venv", venv], capture_output=True,
                                  text=True)
            if made.returncode:
                skip(f"no virtual environment: {(made.stdout + made.stderr).strip()[-200:]}")
            got = subprocess.run([python, "-m", "pip", "install", "-q", "--retries", "0",
                                  "--timeout", "15", PACKAGE], capture_output=True, text=True,
                                 timeout=90)
        except subprocess.TimeoutExpired:
            skip(f"{PACKAGE} could not be installed within 90 s")
        if got.returncode:
            skip(f"{PACKAGE} could not be installed: {got.stderr.strip()[-200:]}")
    os.execv(python, [python, os.path.abspath(__file__), *sys.argv[1:]])


def text_of(address):
    """RFC 5952; a mapped IPv4 address is that IPv4 address."""
    ip = ipaddress.ip_address(address)
    mapped = getattr(ip, "ipv4_mapped", None)
    return str(mapped or ip)


def addresses(seed, count):
    rng = random.Random(seed)
    out = []
    while len(out) < count:
        kind = rng.randrange(4)
        if kind == 0:
            out.append(str(ipaddress.IPv4Address(rng.getrandbits(32))))
        elif kind == 1:
            out.append(str(ipaddress.IPv6Address(rng.getrandbits(128))))
        elif kind == 2:
            out.append("::ffff:" + str(ipaddress.IPv4Address(rng.getrandbits(32))))
        else:  # runs of zeros at every place
            words = [rng.choice((0, 0, rng.getrandbits(16))) for _ in range(8)]
            words[0] = 0x2001
            out.append(":".join(f"{w:x}" for w in words))
        if rng.random() < 0.3:
            out.append(rng.choice(out))
    return out[:count]


def ours(tool, items, shards, pool=64):
    done = subprocess.run([tool, str(shards), str(pool)], input="".join(a + "\n" for a in items),
                          capture_output=True, text=True, check=True)
    image, estimate = done.stdout.split()
    return bytes.fromhex(image), float(estimate)


def main():
    tool, venv = sys.argv[1], sys.argv[2]
    if os.path.realpath(sys.prefix) != os.path.realpath(venv):
        enter_venv(venv)
    import datasketches as ds

    def theirs(items):
        sketch = ds.update_theta_sketch(LG_K)
        for item in items:
            sketch.update(text_of(item))
        sketch.trim()
        return sketch.compact(True)

    compared = 0
    for seed, count in enumerate((0, 1, 2, 7, 8, 9, 17, 300, 511, 512, 513, 514, 700, 1024, 1025,
                                  3000, 20000)):
        items = addresses(seed, count)
        reference = theirs(items)
        for shards in (1, 2, 3, 16):
            image, estimate = ours(tool, items, shards)
            assert image == reference.serialize(), f"{count} addresses over {shards}: other bytes"
            read = ds.compact_theta_sketch.deserialize(image)
            assert list(read) == list(reference), "other hashes"
            assert abs(estimate - reference.get_estimate()) <= 1e-9 * max(1, estimate)
            assert read.get_estimate() == reference.get_estimate()
            assert read.is_ordered() and read.num_retained <= 1 << LG_K
            compared += 1

    # What consumers do with two of ours is what they would do with two of their own.
    a, b = addresses(100, 5000), addresses(101, 4000)
    b += a[:2500]
    image_a, image_b = ours(tool, a, 3)[0], ours(tool, b, 16)[0]
    read_a, read_b = map(ds.compact_theta_sketch.deserialize, (image_a, image_b))
    union = ds.theta_union(LG_K)
    union.update(read_a)
    union.update(read_b)
    exact_a, exact_b = {text_of(x) for x in a}, {text_of(x) for x in b}
    both = theirs(a + b)
    merged = union.get_result()
    assert list(merged) == list(both) and merged.get_estimate() == both.get_estimate(), "union"
    without = ds.theta_a_not_b().compute(read_a, read_b)
    expected = ds.theta_a_not_b().compute(theirs(a), theirs(b))
    assert list(without) == list(expected), "difference"
    for sketch, exact in ((merged, exact_a | exact_b), (without, exact_a - exact_b)):
        low, high = sketch.get_lower_bound(3), sketch.get_upper_bound(3)
        assert low <= len(exact) <= high, f"{len(exact)} not within {low} to {high}"

    # Sketches that found no room to grow are coarser: still sketches of the same set.
    crowded = addresses(102, 4000)
    image, estimate = ours(tool, crowded, 2, pool=8)
    read = ds.compact_theta_sketch.deserialize(image)
    hashes = set(theirs(crowded))
    assert set(read) <= hashes and read.theta < 1
    assert read.get_lower_bound(3) <= len({text_of(x) for x in crowded}) <= read.get_upper_bound(3)
    print(f"{compared} images equal those of {PACKAGE}; union and difference agree")


if __name__ == "__main__":
    main()
