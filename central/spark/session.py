"""A Spark session that reaches Kafka and Cassandra, for the jobs beside it."""
import argparse
import json
import os
import re
import sys
from pathlib import Path

import pyspark
from pyspark.sql import SparkSession


def arguments(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--kafka", required=True, help="HOST:PORT of brokers")
    parser.add_argument("--cassandra", required=True, help="HOST:PORT")
    parser.add_argument("--jars", type=Path, required=True,
                        help="what central/spark/pom.xml brings")
    parser.add_argument("--work", type=Path, required=True, help="folder for checkpoints")
    parser.add_argument("--master", default="local[2]")
    parser.add_argument("--account", type=Path,
                        help="JSON of librdkafka's settings, for brokers that ask who we are")
    parser.add_argument("--engine", help="how scripts/central finds the process again")
    return parser


def client(options):
    """Kafka's settings for librdkafka."""
    more = json.loads(options.account.read_text()) if options.account else {}
    return {"bootstrap.servers": options.kafka, **more}


def topics(options):
    """Those for Spark's source; the virtual machine knows the password."""
    more = {"kafka.security.protocol": "SASL_SSL", "kafka.sasl.mechanism": "PLAIN"}
    return {"kafka.bootstrap.servers": options.kafka, **(more if options.account else {})}


def artifact(jar):
    return re.sub(r"-\d.*", "", jar.name)


def session(options, name):
    """Spark's own jars come first: of what both bring, one is enough."""
    own = {artifact(jar) for jar in (Path(pyspark.__file__).parent / "jars").glob("*.jar")}
    jars = [str(jar) for jar in sorted(options.jars.glob("*.jar")) if artifact(jar) not in own]
    os.environ["PYSPARK_PYTHON"] = sys.executable  # workers have the clients, too
    host, port = options.cassandra.split(":")
    spark = (
        SparkSession.builder.master(options.master).appName(name)
        .config("spark.jars", ",".join(jars)).config("spark.ui.enabled", "false")
        .config("spark.driver.bindAddress", "127.0.0.1").config("spark.driver.host", "127.0.0.1")
        .config("spark.sql.session.timeZone", "UTC")
        # Small enough for a task's memory when there is much; what is little is put together again.
        .config("spark.sql.shuffle.partitions", "64")
        .config("spark.local.dir", str(options.work / "tmp"))
        .config("spark.sql.warehouse.dir", str(options.work / "warehouse"))
        .config("spark.cassandra.connection.host", host)
        .config("spark.cassandra.connection.port", port)
        .config("spark.cassandra.output.consistency.level", "LOCAL_QUORUM")
        .config("spark.cassandra.input.consistency.level", "LOCAL_QUORUM")
        # A row without a value in a column leaves what is there: no tombstones.
        .config("spark.cassandra.output.ignoreNulls", "true")
        .getOrCreate())
    spark.sparkContext.setLogLevel("WARN")
    for module in Path(__file__).parent.glob("*.py"):  # whose functions run in Python's workers
        spark.sparkContext.addPyFile(str(module))
    return spark


def table(spark, name):
    return spark.read.format("org.apache.spark.sql.cassandra").options(
        table=name, keyspace="vedette").load()


def write(frame, name):
    frame.write.format("org.apache.spark.sql.cassandra").mode("append").options(
        table=name, keyspace="vedette").save()
