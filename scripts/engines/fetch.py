"""Brings what an engine is made of: class paths by Maven, Python's part by pip. Standard library
alone: this runs before anything else is there. Versions are data, in central/."""
import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
CENTRAL = ROOT / "central"
PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1"
ENGINES = ("cassandra", "pinot", "flink", "spark")


def fail(message):
    sys.exit(f"central: {message}")


def say(message):
    print(f"central: {message}", file=sys.stderr, flush=True)


def need(tool, package):
    if not shutil.which(tool):
        fail(f"{tool} is not installed: apt-get install {package}")


def run(command, hint):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        fail(f"{' '.join(map(str, command))}:\n{(done.stdout + done.stderr)[-2000:]}\n{hint}")


def whole(folder, *definitions):
    """Whether `folder` holds what these files ask for; a changed version makes it anew."""
    mark = folder / ".whole"
    wanted = hashlib.sha256(b"".join(path.read_bytes() for path in definitions)).hexdigest()
    if mark.exists() and mark.read_text() == wanted:
        return None
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return lambda: mark.write_text(wanted)


def jars(engine, place):
    folder, definition = place / engine, CENTRAL / engine / "pom.xml"
    if done := whole(folder, definition):
        need("mvn", "maven")
        say(f"fetching {engine}")
        run(["mvn", "-q", "-B", "-f", definition, f"{PLUGIN}:copy-dependencies",
             "-DincludeScope=runtime", f"-DoutputDirectory={folder}"],
            "Maven must reach a repository: see ~/.m2/settings.xml for a mirror or a proxy")
        done()


def python(place):
    """An environment with the clients and jobs of requirements.txt; returns its interpreter."""
    folder, definition = place / "python", CENTRAL / "requirements.txt"
    if done := whole(folder, definition):
        say("fetching the Python part")
        hint = "pip must reach an index: see pip.conf; python3-venv must be installed"
        run([sys.executable, "-m", "venv", folder], hint)
        run([folder / "bin/pip", "install", "-q", "-r", definition], hint)
        done()
    return folder / "bin/python"


def flink(place):
    """Flink's distribution comes as a Python package; only its jars are kept."""
    folder, definition = place / "flink-dist", CENTRAL / "flink/distribution.txt"
    if done := whole(folder, definition):
        say("fetching Flink's distribution")
        run([place / "python/bin/pip", "download", "-q", "--no-deps", "-d", folder, "-r",
             definition], "pip must reach an index: see pip.conf")
        for wheel in folder.glob("*.whl"):
            with zipfile.ZipFile(wheel) as archive:
                for name in archive.namelist():
                    if name.startswith("pyflink/lib/") and name.endswith(".jar"):
                        (folder / Path(name).name).write_bytes(archive.read(name))
            wheel.unlink()
        if not list(folder.glob("flink-dist-*.jar")):
            fail(f"{definition} brought no flink-dist jar")
        done()


def everything(place):
    """All that `up` needs; returns the Python that goes on from here."""
    need("java", "openjdk-17-jre-headless")
    need("javac", "openjdk-17-jdk-headless")
    os.makedirs(place, exist_ok=True)
    interpreter = python(place)
    for engine in ENGINES:
        jars(engine, place)
    flink(place)
    return interpreter
