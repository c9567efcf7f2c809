"""What a real Kafka has received, by sequence numbers: the broker absent at the start, killed and
back in the middle, refusing; the sensor killed. Needs Java and a Kafka (scripts/central); without
them it is skipped."""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
VEDETTE = os.environ["VEDETTE"]
READ = os.environ["KAFKA_READ"]
PORT = 29092
TOPICS = ("vedette.alerts", "vedette.devices", "vedette.flows", "vedette.health")
failures = []


def check(held, what):
    print(f"{'good' if held else 'FAIL'}: {what}", flush=True)
    if not held:
        failures.append(what)


class Bench:
    def __init__(self, folder):
        self.folder = Path(folder)
        self.data = self.folder / "kafka"

    def kafka(self, *what, data=None, port=PORT):
        return subprocess.run([ROOT / "scripts/central", "kafka", *what, "--data",
                               data or self.data, "--port", str(port)],
                              capture_output=True, text=True)

    def config(self, sensor, port=PORT, lines="", spool=None, brokers=None, stop=3):
        path = self.folder / f"{sensor}.yaml"
        path.write_text(f"""sensor: {sensor}
export:
  flows: true
  stop_wait_s: {stop}
  kafka:
    brokers: [{brokers or f'localhost:{port}'}]
    linger_ms: 5
{lines}  spool:
    folder: {spool or self.folder / (sensor + '.spool')}
""")
        return path

    def replay(self, config, capture, **options):
        return subprocess.Popen([VEDETTE, "replay", "--sinks", "-c", config, capture],
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                                **options)

    def replayed(self, config, capture):
        process = self.replay(config, capture)
        said = process.communicate(timeout=300)[1]
        return process.returncode, said

    def capture(self, kind, *options):
        path = self.folder / f"{kind}.pcap"
        if not path.exists():
            subprocess.run([ROOT / "scripts/make_pcap", kind, path, *options], check=True,
                           stdout=subprocess.DEVNULL)
        return path

    def received(self, sensor, port=PORT):
        """By topic: {seq: [ids]} of one sensor."""
        found = {topic: {} for topic in TOPICS}
        for topic in TOPICS:
            read = subprocess.run([READ, f"127.0.0.1:{port}", topic], capture_output=True,
                                  text=True)
            if read.returncode != 0:
                raise RuntimeError(f"{topic} could not be read: {read.stderr[-500:]}")
            for line in read.stdout.splitlines():
                event = json.loads(line)
                if event["sensor"] == sensor:
                    found[topic].setdefault(event["seq"], []).append(event["id"])
        return found


def made(said):
    """How many events a replay says it made."""
    return int(said.split("sinks: kafka: ")[1].split(" events")[0])


def check_complete(found, count, name):
    """Gap-free from 1, all there; what is there twice is the same event."""
    total = sum(len(seqs) for seqs in found.values())
    gaps = [topic for topic, seqs in found.items() if seqs and max(seqs) != len(seqs)]
    repeated = sum(len(ids) - 1 for seqs in found.values() for ids in seqs.values())
    unmarked = sum(len(set(ids)) - 1 for seqs in found.values() for ids in seqs.values())
    check(total == count and not gaps, f"{name}: {total} of {count} events, gaps in {gaps or 'none'}")
    check(unmarked == 0, f"{name}: {repeated} repeated, {unmarked} of them under another id")


def absent_at_start(bench, capture):
    code, said = bench.replayed(bench.config("absent"), capture)
    check(code == 0 and "wait in the spool for the next start" in said, "absent: all is spooled")
    count = made(said)
    check(bench.kafka("up").returncode == 0, "the broker starts")
    # Another sensor's run over the same spool brings them; that one has the last word on its own.
    other = bench.config("after", spool=bench.folder / "absent.spool")
    code, said = bench.replayed(other, capture)
    check(code == 0 and f"{count} of an earlier run delivered" in said, "absent: sent at the next start")
    check_complete(bench.received("absent"), count, "absent")
    check_complete(bench.received("after"), made(said), "after")


def killed_in_the_middle(bench):
    """Events keep coming while the broker is killed, away for some seconds, and back."""
    capture = bench.capture("syn60", "--packets", "150000")
    process = bench.replay(bench.config("killed", stop=60), capture)
    time.sleep(2)
    bench.kafka("down", "--kill")
    time.sleep(5)
    check(bench.kafka("up").returncode == 0, "the broker comes back")
    said = process.communicate(timeout=300)[1]
    check(process.returncode == 0, f"killed: the replay ends well: {said[-300:]}")
    count = made(said)
    check("0 in the spool, 0 dropped" in said, "killed: all delivered by the run itself")
    check(count > 100_000, f"killed: {count} events")
    check_complete(bench.received("killed"), count, "killed")


def leader_moved(bench):
    """One of three brokers is killed; what it led is led by the others."""
    data, port = bench.folder / "kafka-of-three", PORT + 200
    three = ("--brokers", "3")
    started = bench.kafka("up", *three, data=data, port=port)
    if started.returncode != 0:
        print(f"skipped: three brokers: {started.stderr[-300:]}")
        return
    try:
        brokers = ", ".join(f"127.0.0.1:{port + 10 * node}" for node in range(3))
        process = bench.replay(bench.config("moved", brokers=brokers, stop=60),
                               bench.capture("syn60", "--packets", "150000"))
        time.sleep(2)
        bench.kafka("down", "--kill", "--node", "1", *three, data=data, port=port)
        said = process.communicate(timeout=300)[1]
        check(process.returncode == 0 and "0 in the spool, 0 dropped" in said,
              f"leader moved: all delivered by two of three: {said[-300:]}")
        check_complete(bench.received("moved", port), made(said), "leader moved")
    finally:
        bench.kafka("down", "--kill", "--wipe", data=data, port=port)


def sensor_killed(bench):
    """kill -9 while the broker is away: all but the last half second is on disk, without gaps."""
    capture = bench.capture("syn60", "--packets", "150000")
    for round_ in range(5):
        sensor = f"shot{round_}"
        process = bench.replay(bench.config(sensor, port=1), capture)
        time.sleep(1.5 + 0.3 * round_)
        process.send_signal(signal.SIGKILL)
        process.wait()
        bench.replayed(bench.config("sweep", spool=bench.folder / f"{sensor}.spool"),
                       bench.capture("demo"))
        found = bench.received(sensor)
        gaps = [topic for topic, seqs in found.items() if seqs and max(seqs) != len(seqs)]
        total = sum(len(seqs) for seqs in found.values())
        check(not gaps, f"{sensor}: {total} events outlived the kill, gaps in {gaps or 'none'}")


def refusals(bench, capture):
    def says(sensor, lines, port, *words):
        code, said = bench.replayed(bench.config(sensor, port, lines), capture)
        check(code == 0 and all(word in said for word in words), f"{sensor}: says {words}: {said[:300]}")

    wrong = bench.folder / "wrong_password"
    wrong.touch(mode=0o600)
    wrong.write_text("wrong\n")
    sasl = "    security: sasl_tls\n    mechanism: {}\n    username: sensor\n" \
           "    ca_file: {}\n    password_file: {}\n"
    ca = bench.data / "ca.pem"
    says("wrong_password", sasl.format("PLAIN", ca, wrong), PORT + 3,
         "authentication", "check export.kafka.mechanism, username and password_file", "wait in")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=other",
                    "-keyout", bench.folder / "other.key", "-out", bench.folder / "other.pem"],
                   check=True, capture_output=True)
    says("wrong_authority", f"    security: tls\n    ca_file: {bench.folder / 'other.pem'}\n",
         PORT + 2, "certificate verify failed", "check export.kafka.ca_file", "wait in")
    for sensor, lines, port in (
            ("by_tls", f"    security: tls\n    ca_file: {ca}\n", PORT + 2),
            ("by_plain", sasl.format("PLAIN", ca, bench.data / "password"), PORT + 3),
            ("by_sasl", sasl.format("PLAIN", ca, bench.data / "password").replace(
                "sasl_tls", "sasl_plaintext"), PORT + 4)):
        code, said = bench.replayed(bench.config(sensor, port, lines), capture)
        check(code == 0 and "0 in the spool, 0 dropped" in said, f"{sensor}: all delivered")
    by_scram(bench, capture, sasl)
    code, said = bench.replayed(bench.config(
        "scram_4", PORT + 3, sasl.format("SCRAM-SHA-512", ca, bench.data / "password")), capture)
    check("0 in the spool, 0 dropped" in said or "refuse this client library's SCRAM" in said,
          f"scram_4: delivered, or says why not: {said[:300]}")


def by_scram(bench, capture, sasl):
    """A broker old enough for any client library's SCRAM."""
    data, port = bench.folder / "kafka-3", PORT + 100
    started = bench.kafka("up", "--release", "3.9.1", data=data, port=port)
    if started.returncode != 0:
        print(f"skipped: SCRAM: no Kafka 3.9.1: {started.stderr[-300:]}")
        return
    try:
        for bits in ("256", "512"):
            code, said = bench.replayed(bench.config(
                f"by_scram_{bits}", port + 3,
                sasl.format(f"SCRAM-SHA-{bits}", data / "ca.pem", data / "password")), capture)
            check(code == 0 and "0 in the spool, 0 dropped" in said,
                  f"by_scram_{bits}: all delivered: {said[-200:]}")
    finally:
        bench.kafka("down", "--kill", "--wipe", data=data, port=port)


def topic_missing(bench, capture):
    """Before anything else has made them."""
    code, said = bench.replayed(bench.config("early", lines="    create_topics: false\n"), capture)
    check(code == 0 and "nknown topic" in said and "wait in the spool" in said,
          f"missing topic: said, and kept: {said[:300]}")
    count = made(said)
    bench.replayed(bench.config("late", spool=bench.folder / "early.spool"), capture)
    check_complete(bench.received("early"), count, "missing topic")


def main():
    for tool in ("java", "openssl"):
        if not shutil.which(tool):
            print(f"skipped: {tool} is not installed")
            return 77
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(folder)
        started = bench.kafka("up")
        if started.returncode != 0:
            print(f"skipped: no Kafka can be started: {started.stderr.strip()[-500:]}")
            return 77
        try:
            demo = bench.capture("demo")
            topic_missing(bench, demo)
            bench.kafka("down")
            absent_at_start(bench, demo)
            refusals(bench, demo)
            killed_in_the_middle(bench)
            leader_moved(bench)
            sensor_killed(bench)
        finally:
            bench.kafka("down", "--kill", "--wipe")
    print(f"checked: {len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
