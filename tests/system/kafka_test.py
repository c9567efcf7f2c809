"""What a real Kafka has received, by sequence numbers, when things go wrong: the broker absent at the
start, killed, stopped and started, slow, out of disk, its leader moved; topics missing, rights missing,
messages too large, wrong passwords and certificates; the sensor killed, its disk full, its spool damaged.
One broker serves most of it."""
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import kafka_world
import short_flows
from kafka_world import TOPICS, VEDETTE, missing, total

SASL = ("    security: {security}\n    mechanism: {mechanism}\n    username: sensor\n"
        "    ca_file: {ca}\n    password_file: {password}\n")
NOWHERE = "127.0.0.1:1"


class Bench:
    def __init__(self, folder, check):
        self.folder, self.check = Path(folder), check
        self.cluster = kafka_world.Cluster(self.folder / "kafka")

    def config(self, sensor, *, brokers=None, **lines):
        return kafka_world.sensor_config(self.folder / f"{sensor}.yaml", sensor,
                                         brokers or self.cluster.brokers, **lines)

    def start(self, config, capture):
        return subprocess.Popen([VEDETTE, "replay", "--sinks", "-c", config, capture],
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def replayed(self, config, capture):
        process = self.start(config, capture)
        said = process.communicate(timeout=300)[1]
        return process.returncode, said

    def capture(self, kind, *options):
        path = self.folder / f"{kind}.pcap"
        if not path.exists():
            subprocess.run([kafka_world.ROOT / "scripts/make_pcap", kind, path, *options],
                           check=True, stdout=subprocess.DEVNULL)
        return path

    def many_flows(self):
        """150,000 flows: some seconds of export."""
        path = self.folder / "many.pcap"
        if not path.exists():
            short_flows.write(path, 150_000)
        return path

    def tmpfs(self, name, mebibytes):
        path = self.folder / name
        path.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m,mode=0700", "tmpfs", path],
                       check=True)
        return path

    def check_complete(self, sensor, count, cluster=None):
        """Gap-free from 1, all there; what is there twice is the same event."""
        account = (cluster or self.cluster).account(sensor)
        self.check(total(account, "different") == count and missing(account) == 0,
                   f"{sensor}: {total(account, 'different')} of {count} events, "
                   f"{missing(account)} missing")
        self.check(total(account, "unmarked") == 0,
                   f"{sensor}: {total(account, 'repeats')} repeated, "
                   f"{total(account, 'unmarked')} of them not to be known by their id")

    def check_says(self, sensor, said, *words):
        self.check(all(word in said for word in words), f"{sensor}: says {words}" + (
            "" if all(word in said for word in words) else f": {said[:800]}"))

    def check_rare(self, sensor, said):
        """Each sort of trouble is told at most once in ten seconds; no run here takes a minute."""
        lines = [line for line in said.splitlines() if "Kafka:" in line or "spool:" in line]
        self.check(len(lines) <= 40, f"{sensor}: {len(lines)} lines about trouble")


def counted(said, what):
    """A figure of the summary: events, delivered, in the spool, dropped."""
    line = said[said.index("sinks: kafka: "):].split("\n")[0]
    for part in line.removeprefix("sinks: kafka: ").replace(";", ",").split(","):
        number, _, name = part.strip().partition(" ")
        if name == what:
            return int(number)
    return 0


def made(said):
    return counted(said, "events")


def topic_missing(bench, demo):
    """Before anything else has made them."""
    code, said = bench.replayed(bench.config("early", kafka="    create_topics: false\n"), demo)
    bench.check(code == 0, "missing topic: no failure")
    bench.check_says("missing topic", said, "nknown topic", "vedette.", "LogAppendTime",
                     "wait in the spool")
    bench.check_rare("missing topic", said)
    bench.replayed(bench.config("late", spool=bench.folder / "early.spool"), demo)
    bench.check_complete("early", made(said))


def absent_at_start(bench, demo):
    code, said = bench.replayed(bench.config("absent", brokers=NOWHERE), demo)
    bench.check(code == 0, "absent: no failure")
    bench.check_says("absent", said, "Connection refused", "wait in the spool for the next start")
    bench.check_rare("absent", said)
    count = made(said)
    # Another sensor's run over the same spool brings them; that one has the last word on its own.
    code, said = bench.replayed(bench.config("after", spool=bench.folder / "absent.spool"), demo)
    bench.check(code == 0 and f"{count} of an earlier run delivered" in said,
                "absent: sent at the next start")
    bench.check_complete("absent", count)
    bench.check_complete("after", made(said))
    late = set()  # devices of which something new has been read
    for event in bench.cluster.read("vedette.flows"):
        if event["sensor"] == "after":
            late.add(event["device"])
        elif event["sensor"] == "absent" and event["device"] in late:
            bench.check(False, f"what waited is sent first: {event['device']}")
            return
    bench.check(len(late) > 3, f"what waited is sent first, for each of {len(late)} devices")


def taken_away(bench, name, take_away, bring_back, away_s=4):
    """Events keep coming while the broker is away for some seconds, and back."""
    process = bench.start(bench.config(name, export="  stop_wait_s: 60\n"), bench.many_flows())
    time.sleep(1.5)
    take_away()
    time.sleep(away_s)
    bring_back()
    said = process.communicate(timeout=300)[1]
    good = bench.check(process.returncode == 0 and counted(said, "in the spool") == 0 and
                       counted(said, "dropped") == 0, f"{name}: all delivered by the run itself")
    if not good:
        print(said[-1000:])
    bench.check(made(said) > 100_000, f"{name}: {made(said)} events")
    bench.check_rare(name, said)
    bench.check_complete(name, made(said))


def topic_by_packet_time(bench, demo):
    """A topic that somebody has made by the senders' time."""
    def alter(value):
        done = subprocess.run(
            ["java", "-cp", bench.cluster.jars(), "kafka.admin.ConfigCommand", "--bootstrap-server",
             bench.cluster.brokers, "--alter", "--entity-type", "topics", "--entity-name",
             "vedette.health", "--add-config", f"message.timestamp.type={value}"],
            capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(done.stdout + done.stderr)
    alter("CreateTime")
    code, said = bench.replayed(bench.config("by_packets"), demo)
    bench.check(code == 0 and counted(said, "delivered") == made(said), "CreateTime: all delivered")
    bench.check_says("CreateTime", said, "vedette.health has message.timestamp.type=CreateTime",
                     "wanted LogAppendTime", "kafka-configs.sh --alter")
    alter("LogAppendTime")
    code, said = bench.replayed(bench.config("by_record"), demo)
    bench.check("message.timestamp.type" not in said, "LogAppendTime: nothing is said")


def broker_faults(bench):
    cluster = bench.cluster
    taken_away(bench, "killed", lambda: cluster.down("--kill"), cluster.up)
    taken_away(bench, "restarted", cluster.down, cluster.up, away_s=1)
    taken_away(bench, "stalled", cluster.pause, cluster.go_on, away_s=8)
    slow = SlowDown(cluster)
    taken_away(bench, "slow", slow.start, slow.stop, away_s=10)


class SlowDown:
    """A broker that gets a tenth of its time: what it answers it answers late."""

    def __init__(self, cluster):
        self.cluster, self.done = cluster, False
        self.thread = threading.Thread(target=self.run, daemon=True)

    def start(self):
        self.thread.start()

    def stop(self):
        self.done = True
        self.thread.join()

    def run(self):
        while not self.done:
            self.cluster.pause()
            time.sleep(0.9)
            self.cluster.go_on()
            time.sleep(0.1)


def leader_moved(bench):
    """One of three brokers is killed; what it led is led by the others."""
    cluster = kafka_world.Cluster(bench.folder / "kafka-of-three", port=29292, brokers=3)
    cluster.up()
    try:
        process = bench.start(
            bench.config("moved", brokers=cluster.brokers.replace(",", ", "),
                         export="  stop_wait_s: 60\n"), bench.many_flows())
        time.sleep(2)
        cluster.down("--kill", "--node", "1")
        said = process.communicate(timeout=300)[1]
        bench.check(process.returncode == 0 and counted(said, "in the spool") == 0 and
                    counted(said, "dropped") == 0,
                    f"leader moved: all delivered by two of three: {said[-300:]}")
        bench.check_complete("moved", made(said), cluster)
    finally:
        cluster.down("--kill", "--wipe")


class Follower(threading.Thread):
    """How far a file of events has come, by time."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.path, self.seen, self.done = path, [], False
        self.start()

    def run(self):
        while not self.done:
            try:
                with open(self.path, "rb") as file:
                    end = file.seek(0, os.SEEK_END)
                    file.seek(max(0, end - 4096))
                    tail = file.read()
                line = tail[:tail.rindex(b"\n")].rsplit(b"\n", 1)[-1]
                self.seen.append((time.monotonic(), int(line.rsplit(b'"seq":', 1)[1][:-1])))
            except (OSError, ValueError, IndexError):
                pass
            time.sleep(0.01)

    def until(self, moment):
        self.done = True
        return max((seq for when, seq in self.seen if when <= moment), default=0)


def sensor_killed(bench, rounds=20):
    """kill -9 at any moment, with the broker away and with it: what was made half a second before is
    delivered or on disk. What was made the file sink says, which writes at once."""
    tap = kafka_world.Tap()
    tap.play(bench.many_flows(), 6_000, bench.folder / "tcpreplay.log")
    source, bounds = random.Random(), {}
    spool = bench.folder / "shot.spool"

    def config(brokers, folder):
        return bench.config(
            "shot", brokers=brokers, spool=f"{spool}\n  files:\n    when: always\n    folder: {folder}",
            export="  stop_wait_s: 60\n",
            more="capture: {interfaces: [tap0]}\ntables: {flows: 65536}\n"
                 "flow_timeouts: {closed_linger_s: 1}\n")
    for round_ in range(rounds):
        folder = bench.folder / f"shot-{round_}"
        sensor = kafka_world.Running(
            config(NOWHERE if round_ % 2 == 0 else bench.cluster.brokers, folder),
            bench.folder / "shot.log")
        follower = Follower(folder / "flows.ndjson")
        kafka_world.wait_until(lambda: follower.seen, 30, pause=0.02)
        time.sleep(0.7 + source.random())
        killed = time.monotonic()
        sensor.process.kill()
        sensor.process.wait()
        with open(folder / "flows.ndjson", encoding="utf-8") as file:
            boot = int(file.readline().rsplit('"boot_ms":', 1)[1].split(",")[0])
        bounds[boot] = follower.until(killed - 0.5)
        shutil.rmtree(folder)
    sensor = kafka_world.Running(config(bench.cluster.brokers, bench.folder / "sweep"),
                                 bench.folder / "shot.log")
    time.sleep(3)
    tap.stop()
    sensor.stop()
    bench.check(counted(sensor.log(), "in the spool") == 0,
                "kills: the last start leaves nothing in the spool")
    found = {}
    for event in bench.cluster.read("vedette.flows", "shot"):
        found.setdefault(event["boot_ms"], {}).setdefault(event["seq"], set()).add(event["id"])
    lost = {boot: len(set(range(1, bound + 1)) - set(found.get(boot, {})))
            for boot, bound in bounds.items()}
    unmarked = sum(len(ids) - 1 for seqs in found.values() for ids in seqs.values())
    bench.check(len(bounds) == rounds and min(bounds.values()) > 0 and not any(lost.values()),
                f"kills: {sum(bounds.values())} events were older than half a second at {rounds} "
                f"kills, {sum(lost.values())} of them are lost")
    bench.check(unmarked == 0, f"kills: {unmarked} numbers under two ids")


def refusals(bench, demo):
    cluster, ca = bench.cluster, bench.cluster.data / "ca.pem"
    tls, sasl_tls, sasl = (f"localhost:{cluster.port + offset}" for offset in (2, 3, 4))

    def says(sensor, lines, brokers, *words):
        code, said = bench.replayed(bench.config(sensor, brokers=brokers, kafka=lines), demo)
        bench.check(code == 0, f"{sensor}: no failure")
        bench.check_says(sensor, said, *words)
        bench.check_rare(sensor, said)

    def delivers(sensor, lines, brokers):
        code, said = bench.replayed(bench.config(sensor, brokers=brokers, kafka=lines), demo)
        bench.check(code == 0 and counted(said, "delivered") == made(said) > 0,
                    f"{sensor}: all delivered")

    wrong = bench.folder / "wrong_password"
    wrong.touch(mode=0o600)
    wrong.write_text("wrong\n")

    def sasl_lines(security="sasl_tls", mechanism="PLAIN", password=cluster.data / "password"):
        return SASL.format(security=security, mechanism=mechanism, ca=ca, password=password)
    says("wrong_password", sasl_lines(password=wrong), sasl_tls, "authentication",
         "check export.kafka.mechanism, username and password_file", "wait in")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=other",
                    "-keyout", bench.folder / "other.key", "-out", bench.folder / "other.pem"],
                   check=True, capture_output=True)
    says("wrong_authority", f"    security: tls\n    ca_file: {bench.folder / 'other.pem'}\n", tls,
         "certificate verify failed", "check export.kafka.ca_file", "wait in")
    delivers("by_tls", f"    security: tls\n    ca_file: {ca}\n", tls)
    delivers("by_plain", sasl_lines(), sasl_tls)
    delivers("by_sasl", sasl_lines("sasl_plaintext"), sasl)
    code, said = bench.replayed(
        bench.config("scram_4", brokers=sasl_tls, kafka=sasl_lines(mechanism="SCRAM-SHA-512")), demo)
    bench.check(counted(said, "delivered") == made(said) or
                "refuse this client library's SCRAM" in said,
                f"scram_4: delivered, or says why not: {said[:300]}")


def by_scram(bench, demo):
    """A broker old enough for any client library's SCRAM."""
    cluster = kafka_world.Cluster(bench.folder / "kafka-3", "--release", "3.9.1", port=29192)
    cluster.up()
    try:
        for bits in ("256", "512"):
            lines = SASL.format(security="sasl_tls", mechanism=f"SCRAM-SHA-{bits}",
                                ca=cluster.data / "ca.pem", password=cluster.data / "password")
            code, said = bench.replayed(bench.config(
                f"by_scram_{bits}", brokers=f"localhost:{cluster.port + 3}", kafka=lines), demo)
            bench.check(code == 0 and counted(said, "delivered") == made(said) > 0,
                        f"by_scram_{bits}: all delivered: {said[-200:]}")
    finally:
        cluster.down("--kill", "--wipe")


def spool_disk_full(bench):
    """What neither broker nor disk takes is dropped, counted and no more than that; what the disk has
    taken comes."""
    spool = bench.tmpfs("small", 24) / "spool"
    code, said = bench.replayed(bench.config("full", brokers=NOWHERE, spool=spool),
                                bench.many_flows())
    count, kept, dropped = made(said), counted(said, "in the spool"), counted(said, "dropped")
    bench.check(dropped > 0 and kept > 0 and count == kept + dropped,
                f"full disk: {count} events = {kept} in the spool + {dropped} dropped")
    bench.check_says("full disk", said, "spool: takes nothing for now", "No space left")
    bench.check_rare("full disk", said)
    bench.replayed(bench.config("full_after", spool=spool), bench.capture("demo"))
    account = bench.cluster.account("full")
    bench.check(total(account, "different") == kept and total(account, "unmarked") == 0,
                f"full disk: {total(account, 'different')} of {kept} kept events arrive")


def spool_damaged(bench, demo, rounds=6):
    """Bytes of the spool's files are changed at random; what can be read comes, the rest is counted,
    and the sensor goes on."""
    seed = int(os.environ.get("VEDETTE_SEED", "0")) or random.randrange(1, 1 << 30)
    print(f"         damage by VEDETTE_SEED={seed}")
    source = random.Random(seed)
    whole = bench.folder / "whole.spool"
    code, said = bench.replayed(bench.config("damaged", brokers=NOWHERE, spool=whole), demo)
    count = made(said)
    for round_ in range(rounds):
        spool = bench.folder / f"damaged-{round_}.spool"
        shutil.copytree(whole, spool)
        files = [path for path in sorted(spool.iterdir())
                 if path.stat().st_size and path.name != "LOCK"]
        hit = []
        for _ in range(1 + 2 * round_):
            path = source.choice(files)
            data = bytearray(path.read_bytes())
            data[source.randrange(len(data))] ^= 1 << source.randrange(8)
            path.write_bytes(data)
            hit.append(path.name)
        code, said = bench.replayed(bench.config(f"over_damage_{round_}", spool=spool), demo)
        came = counted(said, "of an earlier run delivered")
        lost = counted(said, "of an earlier run lost")
        aside = "begun anew" in said or "is repaired" in said
        bench.check(code == 0 and counted(said, "delivered") == made(said) and
                    (came + lost == count or aside),
                    f"damage in {sorted(set(hit))}: {came} came, {lost} lost of {count}"
                    f"{', told as damaged' if aside else ''}")
        for line in said.splitlines():
            if "spool:" in line:
                print("         " + line)
    account = bench.cluster.account("damaged")
    bench.check(total(account, "unmarked") == 0 and total(account, "highest") <= count,
                "damage: what came is what was made")


def several_sinks(bench, demo):
    """One that is slow or full does not hold the other."""
    def both(folder):
        return f"{bench.folder}/both.spool\n  files:\n    when: always\n    folder: {folder}"

    def in_files(folder):
        return sum(path.read_bytes().count(b"\n") for path in folder.glob("*.ndjson"))
    folder = bench.folder / "beside"
    bench.cluster.pause()
    process = bench.start(bench.config("beside", spool=both(folder)), demo)
    written = kafka_world.wait_until(lambda: folder.exists() and in_files(folder) > 100, 30)
    running = process.poll() is None
    bench.cluster.go_on()
    said = process.communicate(timeout=120)[1]
    bench.check(written and running and in_files(folder) == made(said),
                f"several sinks: {in_files(folder)} of {made(said)} events in files, written while "
                "the broker stood still")
    small = bench.tmpfs("small-files", 1)
    code, said = bench.replayed(bench.config("full_files", spool=both(small)), bench.many_flows())
    bench.check(counted(said, "delivered") == made(said) > 100_000,
                "several sinks: Kafka has all while the files' disk is full")
    bench.check_says("full files", said, "No space left on device", "files: ", "events were dropped")


def strict_broker(bench, demo):
    """A broker that lets nobody make or write topics but who needs no password, takes small messages
    only, and has a small disk."""
    disk = bench.tmpfs("small-log", 48)
    cluster = kafka_world.Cluster(
        disk / "kafka", "--property",
        "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "--property", "super.users=User:ANONYMOUS", "--property", "message.max.bytes=4000",
        "--property", "log.segment.bytes=1048576",
        "--property", "log.index.size.max.bytes=65536", port=29392)
    cluster.up()
    try:
        lines = SASL.format(security="sasl_tls", mechanism="PLAIN", ca=cluster.data / "ca.pem",
                            password=cluster.data / "password")
        code, said = bench.replayed(bench.config(
            "no_rights", brokers=f"localhost:{cluster.port + 3}", kafka=lines), demo)
        bench.check_says("no rights", said, "uthorization", "grant this user",
                         "wait in the spool for the next start")
        bench.check_rare("no rights", said)
        code, said = bench.replayed(bench.config("too_large", brokers=cluster.brokers), demo)
        count, dropped = made(said), counted(said, "dropped")
        bench.check(0 < dropped < count and counted(said, "delivered") == count - dropped,
                    f"too large: {dropped} of {count} events dropped, all else delivered")
        bench.check_says("too large", said, "max.message.bytes", "larger than the broker takes")
        account = cluster.account("too_large")
        bench.check(total(account, "different") == count - dropped and
                    total(account, "unmarked") == 0, "too large: what was delivered is there")
        broker_out_of_disk(bench, cluster, disk)
    finally:
        cluster.down("--kill", "--wipe")


def broker_out_of_disk(bench, cluster, disk):
    process = bench.start(bench.config("out_of_disk", brokers=cluster.brokers,
                                       kafka="    compression: none\n",
                                       export="  stop_wait_s: 60\n"), bench.many_flows())
    # A broker whose only disk is full stops by itself.
    stopped = kafka_world.wait_until(
        lambda: "Z" in kafka_world.state(cluster.pid()), 60)
    bench.check(stopped, "out of disk: the broker gives up")
    subprocess.run(["mount", "-o", "remount,size=1g", disk], check=True)
    cluster.up()
    said = process.communicate(timeout=300)[1]
    bench.check(process.returncode == 0 and counted(said, "delivered") == made(said),
                f"out of disk: all delivered once there is room: {said[-400:]}")
    bench.check_complete("out_of_disk", made(said), cluster)


def main():
    kafka_world.enter(tools=("tcpreplay",), releases=("4.3.1", "3.9.1"))
    check = kafka_world.Checks()
    wanted = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(folder, check)
        demo = bench.capture("demo")
        bench.cluster.up()
        parts = {"topic_missing": lambda: topic_missing(bench, demo),
                 "absent_at_start": lambda: absent_at_start(bench, demo),
                 "topic_by_packet_time": lambda: topic_by_packet_time(bench, demo),
                 "refusals": lambda: refusals(bench, demo),
                 "broker_faults": lambda: broker_faults(bench),
                 "several_sinks": lambda: several_sinks(bench, demo),
                 "spool_disk_full": lambda: spool_disk_full(bench),
                 "spool_damaged": lambda: spool_damaged(bench, demo),
                 "sensor_killed": lambda: sensor_killed(bench),
                 "strict_broker": lambda: strict_broker(bench, demo),
                 "leader_moved": lambda: leader_moved(bench),
                 "by_scram": lambda: by_scram(bench, demo)}
        for name, part in parts.items():
            if wanted and name not in wanted:
                continue
            print(f"--- {name}", flush=True)
            part()
        bench.cluster.down("--kill", "--wipe")
        for path in Path(folder).glob("small*"):
            subprocess.run(["umount", path], check=True)
    return check.status()


if __name__ == "__main__":
    sys.exit(main())
