"""A running sensor as another user, with nothing but the right to capture, sends to a real Kafka: in
clear text, by TLS and with a password, and again after the broker was killed. Needs Java and a Kafka
(scripts/central); without them it is skipped."""
import os
import pwd
import shutil
import subprocess
import sys
import time

import live_network
import sensor_run
import system_test

CENTRAL = sensor_run.ROOT / "scripts" / "central"
PORT = 29592
USER = pwd.getpwnam("nobody").pw_uid


class ServiceKafka(system_test.SystemTest):
    def kafka(self, *what):
        done = subprocess.run([CENTRAL, "kafka", *what, "--data", self.data, "--port", str(PORT)],
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def setUp(self):
        super().setUp()
        self.folder.chmod(0o711)
        self.data = self.folder / "kafka"
        self.state = self.folder / "state"
        self.state.mkdir()
        os.chown(self.state, USER, -1)
        self.kafka("up")
        self.addCleanup(self.kafka, "down", "--kill", "--wipe")
        self.secrets = self.folder / "secrets"
        self.secrets.mkdir()
        for name in ("ca.pem", "password"):
            shutil.copy(self.data / name, self.secrets)
            os.chown(self.secrets / name, USER, -1)

    def start(self, name, security, port):
        config = self.folder / (name + ".yaml")
        config.write_text(f"""sensor: {name}
service: {{user: nobody}}
state: {{folder: {self.state}/{name}-kept}}
capture: {{interfaces: [lo], bpf: "udp port 9"}}
export:
  spool: {{folder: {self.state}/{name}}}
  kafka:
    brokers: [localhost:{port}]
{security}""")
        log = open(self.folder / (name + ".log"), "w+b")
        self.addCleanup(log.close)
        process = subprocess.Popen([sensor_run.PROGRAM, "run", "-c", config], stdout=log, stderr=log)
        self.addCleanup(process.kill)
        return process, log

    def text(self, log):
        log.flush()
        return open(log.name, encoding="utf-8").read()

    def wait(self, condition, what, seconds=60):
        until = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), until, f"waited in vain for {what}")
            time.sleep(0.1)

    def test_every_security_and_a_broker_that_comes_back(self):
        tls = f"    security: tls\n    ca_file: {self.secrets}/ca.pem\n"
        sasl = (f"    security: sasl_tls\n    mechanism: PLAIN\n    username: sensor\n"
                f"    ca_file: {self.secrets}/ca.pem\n    password_file: {self.secrets}/password\n")
        running = {name: self.start(name, security, port) for name, security, port in (
            ("clear", "", PORT), ("tls", tls, PORT + 2), ("sasl", sasl, PORT + 3))}
        for name, (_, log) in running.items():
            self.wait(lambda log=log: "; listening" in self.text(log), f"{name} to listen")
        time.sleep(12)  # a health event each ten seconds
        self.kafka("down", "--kill")
        time.sleep(12)
        self.kafka("up")
        time.sleep(5)
        for name, (process, log) in running.items():
            process.terminate()
            self.assertEqual(process.wait(timeout=30), sensor_run.DONE, self.text(log))
            said = self.text(log)
            self.assertIn("rights kept: CAP_NET_RAW; ", said)
            self.assertRegex(said, r"sinks: kafka: [3-9] events", name)
            self.assertIn("0 in the spool, 0 dropped", said, name)


if __name__ == "__main__":
    reason = live_network.missing() or ("" if shutil.which("java") else "java is not installed")
    if not reason:
        fetched = subprocess.run([CENTRAL, "kafka", "status"], capture_output=True, text=True)
        reason = "" if fetched.returncode in (0, 1) else "there is no Kafka: " + fetched.stderr[-300:]
    if reason:
        print("skipped: " + reason)
        sys.exit(system_test.SKIPPED)
    system_test.main()
