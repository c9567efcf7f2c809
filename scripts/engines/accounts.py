"""Accounts of the engines and of the sensors: certificates, passwords, and how each client is told
of its own. Passwords lie in files that only their owner reads; they stand on no command line."""
import json
import os
import secrets
import ssl
import subprocess
from pathlib import Path

import yaml

from .fetch import CENTRAL, fail, run, say

ACCESS = CENTRAL / "kafka/access.yaml"
OPERATIONS = {"read": ("READ", "DESCRIBE"), "write": ("WRITE", "DESCRIBE"), "groups": ("READ", "DESCRIBE"),
              "transactions": ("WRITE", "DESCRIBE")}
RESOURCES = {"read": "TOPIC", "write": "TOPIC", "groups": "GROUP", "transactions": "TRANSACTIONAL_ID"}
QUOTAS = {"producer_byte_rate", "consumer_byte_rate", "request_percentage"}
# Flink's connector brings Kafka under a name of its own.
LOGIN = "org.apache.kafka.common.security.plain.PlainLoginModule"
LOGINS = {"flink": f"org.apache.flink.kafka.shaded.{LOGIN}"}


class Accounts:
    """`folder` holds ca.pem, broker.pem (with its key), trust.jks, and NAME.password and NAME.jaas of
    each account."""

    def __init__(self, folder, access=ACCESS):
        self.folder = Path(folder)
        self.access = yaml.safe_load(Path(access).read_text())
        self.prefix = self.access["prefix"]
        check(self.access)
        roles = {name: role for name, role in self.access["accounts"].items() if name != "sensor"}
        self.roles = roles | {f"sensor-{name}": self.access["accounts"]["sensor"]
                              for name in self.access["sensors"]}

    def names(self):
        """Of all; `admin` and `broker` may do everything."""
        return [*self.roles, "admin", "broker"]

    def user(self, name):
        return self.prefix + name

    def password_file(self, name):
        return self.folder / f"{name}.password"

    def password(self, name):
        return self.password_file(name).read_text()

    def make(self):
        """What is missing; what is there stays."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for name in self.names():
            path = self.password_file(name)
            if not path.exists():
                private(path, secrets.token_urlsafe(24))
            private(self.folder / f"{name}.jaas",
                    f'KafkaClient {{\n  {LOGINS.get(name, LOGIN)} required\n  username='
                    f'"{self.user(name)}" password="{path.read_text()}";\n}};\n')
        if not (self.folder / "broker.pem").exists():
            self.certificates()
        if not (self.folder / "trust.jks").exists():
            # Holds a certificate and nothing secret; Java wants a password all the same.
            run(["keytool", "-importcert", "-noprompt", "-alias", "vedette", "-file",
                 self.folder / "ca.pem", "-keystore", self.folder / "trust.jks", "-storetype",
                 "JKS", "-storepass", "public"], "keytool comes with Java")
        private(self.folder / "admin.properties", "".join(f"{key}={value}\n" for key, value in {
            "security.protocol": "SASL_SSL", "sasl.mechanism": "PLAIN", "sasl.jaas.config":
            f'{LOGIN} required username="{self.user("admin")}" password="{self.password("admin")}";',
            "ssl.truststore.type": "PEM", "ssl.truststore.location": self.folder / "ca.pem",
        }.items()))

    def certificates(self):
        """An authority, and one certificate for the engines of this machine."""
        where = self.folder
        (where / "san").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        hint = "apt-get install openssl"
        old = os.umask(0o077)
        try:
            run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650", "-subj",
                 "/CN=vedette authority of one machine", "-keyout", where / "ca.key", "-out",
                 where / "ca.pem"], hint)
            run(["openssl", "req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost",
                 "-keyout", where / "broker.key", "-out", where / "broker.csr"], hint)
            run(["openssl", "x509", "-req", "-in", where / "broker.csr", "-CA", where / "ca.pem",
                 "-CAkey", where / "ca.key", "-CAcreateserial", "-days", "825", "-extfile",
                 where / "san", "-out", where / "broker.crt"], hint)
        finally:
            os.umask(old)
        private(where / "broker.pem", "".join(
            (where / f"broker.{part}").read_text() for part in ("key", "crt")))

    def broker(self, port):
        """A file of a broker's properties: TLS and a password for everybody, itself and its controller
        too; who has no right is refused."""
        users = " ".join(f'user_{self.user(name)}="{self.password(name)}"' for name in self.names())
        own = f'username="{self.user("broker")}" password="{self.password("broker")}"'
        path = self.folder / "broker.properties"
        private(path, "".join(f"{key}={value}\n" for key, value in {
            "listeners": f"CONTROLLER://127.0.0.1:{port + 1},SASL_TLS://127.0.0.1:{port + 3}",
            "advertised.listeners": f"SASL_TLS://localhost:{port + 3}",
            "listener.security.protocol.map": "CONTROLLER:SASL_SSL,SASL_TLS:SASL_SSL",
            "inter.broker.listener.name": "SASL_TLS",
            "sasl.enabled.mechanisms": "PLAIN",
            "sasl.mechanism.inter.broker.protocol": "PLAIN",
            "sasl.mechanism.controller.protocol": "PLAIN",
            "listener.name.controller.sasl.enabled.mechanisms": "PLAIN",
            "listener.name.controller.plain.sasl.jaas.config": f"{LOGIN} required {own} {users};",
            "listener.name.sasl_tls.plain.sasl.jaas.config": f"{LOGIN} required {own} {users};",
            "ssl.keystore.location": self.folder / "broker.pem",
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": self.folder / "ca.pem",
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "allow.everyone.if.no.acl.found": "false",
            "super.users": ";".join(f"User:{self.user(name)}" for name in ("admin", "broker")),
        }.items()))
        return path

    def client(self, name, brokers):
        """Settings of librdkafka."""
        return {"bootstrap.servers": brokers, "security.protocol": "SASL_SSL",
                "sasl.mechanism": "PLAIN", "sasl.username": self.user(name),
                "sasl.password": self.password(name), "ssl.ca.location": str(self.folder / "ca.pem")}

    def java(self, name):
        """Options of a virtual machine whose Kafka clients are this account."""
        return [f"-Djava.security.auth.login.config={self.folder}/{name}.jaas",
                f"-Djavax.net.ssl.trustStore={self.folder}/trust.jks",
                "-Djavax.net.ssl.trustStoreType=JKS"]

    # Cassandra: the same accounts and the same authority.

    def cassandra_server(self, config):
        """Adds to its configuration that clients speak TLS and log in."""
        with open(config, "a") as file:
            file.write(f"""authenticator: PasswordAuthenticator
authorizer: CassandraAuthorizer
client_encryption_options:
  enabled: true
  optional: false
  ssl_context_factory: {{class_name: org.apache.cassandra.security.PEMBasedSslContextFactory}}
  keystore: {self.folder}/broker.pem
  truststore: {self.folder}/ca.pem
""")

    def cassandra(self, name, password=None):
        """Arguments of the driver's Cluster."""
        from cassandra.auth import PlainTextAuthProvider
        user, password = (name, password) if password else (self.user(name), self.password(name))
        return {"auth_provider": PlainTextAuthProvider(user, password),
                "ssl_context": ssl.create_default_context(cafile=self.folder / "ca.pem")}

    def cassandra_roles(self, connect):
        """Makes the accounts; the one that Cassandra comes with, whose password everybody knows, can
        log in no more. `connect(arguments)` gives a Cluster."""
        from cassandra.cluster import NoHostAvailable
        try:
            cluster = connect(self.cassandra("admin"))
            session = cluster.connect()
        except NoHostAvailable:
            self.first_role(connect)
            cluster = connect(self.cassandra("admin"))
            session = cluster.connect()
        session.execute("ALTER ROLE cassandra WITH SUPERUSER = false AND LOGIN = false")
        for name in ("warehouse", "trainer", "reader"):
            session.execute(f"CREATE ROLE IF NOT EXISTS \"{self.user(name)}\" WITH LOGIN = true AND "
                            f"PASSWORD = '{self.password(name)}'")
        cluster.shutdown()

    def first_role(self, connect):
        cluster = connect(self.cassandra("cassandra", "cassandra"))
        cluster.connect().execute(
            f"CREATE ROLE IF NOT EXISTS \"{self.user('admin')}\" WITH SUPERUSER = true AND "
            f"LOGIN = true AND PASSWORD = '{self.password('admin')}'")
        cluster.shutdown()

    def spark(self, name, brokers):
        """Files for a job of Spark: NAME.spark, its properties, and what is returned, librdkafka's."""
        private(self.folder / f"{name}.spark", "".join(f"{key} {value}\n" for key, value in {
            "spark.driver.extraJavaOptions": " ".join(self.java(name)),
            "spark.cassandra.auth.username": self.user(name),
            "spark.cassandra.auth.password": self.password(name),
            "spark.cassandra.connection.ssl.enabled": "true",
            "spark.cassandra.connection.ssl.trustStore.path": self.folder / "trust.jks",
            "spark.cassandra.connection.ssl.trustStore.type": "JKS",
            "spark.cassandra.connection.ssl.trustStore.password": "public",
        }.items()))
        settings = self.folder / f"{name}.json"
        private(settings, json.dumps(self.client(name, brokers)))
        return settings

    def rules(self):
        """Lines for Access.java."""
        for name, role in self.roles.items():
            for right, operations in OPERATIONS.items():
                for resource in role.get(right, ()):
                    pattern = "PREFIXED" if resource.endswith("*") else "LITERAL"
                    for operation in operations:
                        yield "\t".join(("acl", self.user(name), RESOURCES[right], pattern,
                                         resource.removesuffix("*"), operation))
            for key, value in role.get("quotas", {}).items():
                yield "\t".join(("quota", self.user(name), key, str(value)))

    def apply(self, jars, brokers):
        """Brings the brokers to what the file says."""
        settings = self.folder / "admin.properties"
        kept = [line for line in settings.read_text().splitlines()
                if not line.startswith("bootstrap.servers=")]
        private(settings, "\n".join([*kept, f"bootstrap.servers={brokers}", ""]))
        done = subprocess.run(
            ["java", "-XX:TieredStopAtLevel=1", "-Xmx128m", "-cp", f"{jars}/kafka-4.3.1/*",
             CENTRAL / "kafka/Access.java", settings, self.prefix], input="\n".join(self.rules()),
            capture_output=True, text=True)
        if done.returncode != 0:
            fail(f"Kafka refuses what {ACCESS} says:\n{done.stderr[-2000:]}")
        say(f"access: {done.stdout.strip().splitlines()[-1]}")


def check(access):
    """A misspelt right would silently be none."""
    for name, role in access["accounts"].items():
        found = set(role) - set(OPERATIONS) - {"quotas"} | set(role.get("quotas", ())) - QUOTAS
        if found:
            fail(f"{ACCESS}: accounts.{name}: found {', '.join(sorted(found))}, allowed "
                 f"{', '.join(OPERATIONS)} and quotas of {', '.join(sorted(QUOTAS))}")


def private(path, text):
    """Writes a file that only its owner reads, whole or not at all."""
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    new.rename(path)
