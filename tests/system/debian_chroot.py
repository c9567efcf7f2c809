"""A clean Debian 12 to install into: made by debootstrap once and kept as an archive, laid out anew
for each use. Mounts live in a mount namespace of their own, so that nothing of them is left whatever
happens. Where archives are is what apt on this machine is set up with; none is named here."""
import os
import shutil
import subprocess
import time
from pathlib import Path

RELEASE = "bookworm"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "vedette"
BASE = CACHE / f"{RELEASE}-minbase.tar"
BASE_SECONDS_MAX = 30 * 24 * 3600
TOOLS = ("debootstrap", "dpkg-buildpackage", "lintian", "unshare", "chroot", "ip")

# Nothing outside of the chroot is to be written to; its processes end with the command.
ENTER = """
set -e
mount --bind "$1/archives" "$2/var/cache/apt/archives"
mount -t proc proc "$2/proc"
ip link set lo up
shift
exec chroot "$@"
"""


def archives():
    """(URI, release, component) of Debian 12 as apt of this machine knows it, main archive first."""
    asked = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)",
         "Created-By: Packages", "Origin: Debian"], capture_output=True, text=True)
    known = [tuple(line.split()) for line in asked.stdout.split("\n") if len(line.split()) == 3]
    known = [each for each in dict.fromkeys(known) if each[1].startswith(RELEASE)]
    return sorted(known, key=lambda each: each[1] != RELEASE)


def why_not():
    """What is missing for a chroot on this machine; nothing when all is there."""
    if os.geteuid() != 0:
        return "needs root: debootstrap and chroot"
    for tool in TOOLS:
        if not shutil.which(tool):
            return f"{tool} is not installed; scripts/setup package installs it"
    if not any(release == RELEASE for _, release, _ in archives()):
        return f"apt on this machine knows no archive of Debian's {RELEASE}"
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode != 0:
        return "no mount namespace can be made here"
    return None


def apt_settings():
    """How this machine reaches its archives, for apt in the chroot."""
    shown = subprocess.run(["apt-config", "dump", "Acquire::http", "Acquire::https"],
                           capture_output=True, text=True).stdout
    return "".join(line + "\n" for line in shown.split("\n") if "Proxy" in line and line.endswith('";'))


def make_base():
    """The archive of a minimal system, new or at most a month old. Its packages are kept beside it."""
    if BASE.exists() and time.time() - BASE.stat().st_mtime < BASE_SECONDS_MAX:
        return None
    (CACHE / "archives").mkdir(parents=True, exist_ok=True)
    root = CACHE / f"base-{os.getpid()}"
    try:
        made = subprocess.run(
            ["debootstrap", "--variant=minbase", f"--cache-dir={CACHE / 'archives'}", RELEASE,
             str(root), archives()[0][0]], capture_output=True, text=True)
        if made.returncode != 0:
            return "debootstrap: " + (made.stdout + made.stderr).strip().split("\n")[-1]
        new = BASE.with_suffix(".new")
        subprocess.run(["tar", "--one-file-system", "-C", root, "-cf", new, "."], check=True)
        new.rename(BASE)
    finally:
        shutil.rmtree(root, ignore_errors=True)
    return None


class Chroot:
    """Laid out in `folder`; removed with it."""

    def __init__(self, folder):
        self.root = Path(folder) / "debian"
        self.root.mkdir()
        subprocess.run(["tar", "-C", self.root, "-xf", BASE], check=True)
        shutil.copy("/etc/resolv.conf", self.root / "etc/resolv.conf")
        lines = [f"deb {uri} {release} {component}\n" for uri, release, component in archives()]
        self.write("etc/apt/sources.list", "".join(lines))
        self.write("etc/apt/apt.conf.d/01test", apt_settings() +
                   'APT::Sandbox::User "root";\nAPT::Install-Recommends "false";\n'
                   'Binary::apt-get::APT::Keep-Downloaded-Packages "true";\n')
        # A system that is thrown away need not survive a power cut.
        self.write("etc/dpkg/dpkg.cfg.d/01test", "force-unsafe-io\n")

    def write(self, name, text):
        (self.root / name).write_text(text)

    def run(self, *command, stdin=b"", own_network=False, **environment):
        """Runs a command inside, as root, without a terminal; in the machine's network, or in one that
        is a loopback interface."""
        settings = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LC_ALL": "C.UTF-8",
                    "DEBIAN_FRONTEND": "noninteractive", **environment}
        return subprocess.run(
            ["unshare", "--mount", "--pid", "--fork", "--kill-child",
             *(["--net"] if own_network else []), "sh", "-c", ENTER, "sh",
             str(CACHE), str(self.root), *map(str, command)],
            input=stdin, capture_output=True, env=settings, timeout=600)

    def copy_in(self, file, place="root"):
        shutil.copy(file, self.root / place)
        return "/" + str(Path(place) / Path(file).name)
