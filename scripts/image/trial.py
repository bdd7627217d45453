"""Runs an image as a kubelet would, without a container engine: as its own user, on a read-only root.

usage: trial.py ROOT OCI_DIRECTORY TARGET : a mounted, disposable container of the image, the image as an OCI
layout, and native or logtriage. Prints what it found; 1 where something is not as it should be.
"""

import json
import subprocess
import sys
import tarfile
import time
import urllib.request
from pathlib import Path

ADDRESSES = {"SERVER": "127.0.0.1:18080", "OPERATIONS": "127.0.0.1:19090"}
SHELLS = ("bin/sh", "usr/bin/sh", "bin/bash", "usr/bin/bash", "bin/busybox")
SECONDS = 20
USER = "65532:65532"
# In a mount namespace of its own: what it mounts is gone with it.
CONFINED = """
mount --bind "$1" "$1"
mount --bind /proc "$1/proc"
mount --options remount,bind,ro "$1"
exec chroot --userspec="$2" "$1" "${@:3}"
"""


class Wrong(Exception):
    """Something that is not as it should be."""


def expect(holds, text):
    """Says what holds, or ends the trial by it."""
    if not holds:
        raise Wrong(f"expected that {text}")
    print(f"  {text}")


def blobs(layout):
    """(manifest, configuration) of an OCI layout."""

    def read(descriptor):
        return json.loads(path(layout, descriptor).read_bytes())

    (entry,) = json.loads((layout / "index.json").read_bytes())["manifests"]
    manifest = read(entry)
    return manifest, read(manifest["config"])


def path(layout, descriptor):
    """Where a blob lies."""
    return layout / "blobs" / descriptor["digest"].replace(":", "/")


def sizes(layout, manifest):
    """Prints each layer's size, packed and unpacked, beside the largest file in it."""
    total = 0
    for layer in manifest["layers"]:
        with tarfile.open(path(layout, layer), "r:gz") as packed:
            files = {member.name: member.size for member in packed}
        total += layer["size"]
        largest = max(files, key=files.get)
        there = sum(files.values()) / 1e6
        print(f"  {layer['size'] / 1e6:6.2f} MB packed, {there:6.2f} MB there: /{largest} ...")
    print(f"  {total / 1e6:6.2f} MB packed in all")


def configured(config):
    """The image says what a cluster needs to know."""
    told = config["config"]
    expect(told["User"] == USER, f"it runs as {USER}")
    expect(told["Entrypoint"] == ["/usr/bin/logtriage"], "it starts /usr/bin/logtriage")
    expect(set(told["ExposedPorts"]) == {"8080/tcp", "9090/tcp"}, "it tells both ports")
    labels = told["Labels"]
    for name in ("title", "description", "licenses", "version", "revision"):
        expect(labels.get(f"org.opencontainers.image.{name}"), f"it has the label {name}")


def held(root, target):
    """What lies in it, and what does not."""
    expect(not any((root / shell).exists() for shell in SHELLS), "it has no shell")
    for name in (
        "etc/ssl/certs/ca-certificates.crt",
        "usr/share/logtriage/LICENSE",
        "usr/share/logtriage/THIRD-PARTY-LICENCES",
        "usr/share/doc/libc6/copyright",
    ):
        expect((root / name).stat().st_size > 1000, f"it has {name}")
    sbom = json.loads((root / "usr/share/logtriage/sbom.cdx.json").read_bytes())
    names = {component["name"] for component in sbom["components"]}
    expect({"axum", "libc6"} <= names, f"its SBOM names {len(names)} components")
    with_library = target == "logtriage"
    told = "with" if with_library else "without"
    library = (root / "usr/lib/libonnxruntime.so").exists()
    expect(library == ("onnxruntime" in names) == with_library, f"it is {told} ONNX Runtime")


def serve(root, engine):
    """Serves on an engine, posts a batch, ends in good order."""
    environment = {f"LOGTRIAGE__{name}__LISTEN": address for name, address in ADDRESSES.items()}
    environment |= {"LOGTRIAGE__ENGINE__KIND": engine, "LOGTRIAGE__SHUTDOWN__DELAY": "0s"}
    confined = ["unshare", "--mount", "--propagation=private", "bash", "-euc", CONFINED, "bash"]
    command = [*confined, str(root), USER, "/usr/bin/logtriage", "serve"]
    process = subprocess.Popen(command, env=environment | {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
    try:
        ready(process)
        status = Path(f"/proc/{process.pid}/status").read_text("utf-8")
        expect("\nUid:\t65532\t65532\t65532\t65532\n" in status, "the process is of the user")
        mounts = Path(f"/proc/{process.pid}/mountinfo").read_text("utf-8").splitlines()
        (own,) = [line.split() for line in mounts if line.split()[4] == "/"]
        expect("ro" in own[5].split(","), "its root is read-only")
        answer = post()
        categories = [result["category"] for result in answer["results"]]
        expect(len(categories) == 100, f"{engine}: 100 records judged, {sorted(set(categories))}")
        expect("degraded" not in json.dumps(answer), "no member of the ensemble is missing")
    finally:
        process.terminate()
        code = process.wait(SECONDS)
    expect(code == 0, "SIGTERM ends it with 0")


def ready(process):
    """Waits until it would get requests."""
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            raise Wrong(f"expected it to serve, found that it ended with {process.returncode}")
        try:
            urllib.request.urlopen(f"http://{ADDRESSES['OPERATIONS']}/readyz", timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise Wrong(f"expected it to be ready within {SECONDS} s")


def post():
    """The answer to a batch."""
    line = "sshd[{}]: Failed password for root from 203.0.113.9 port 52144 ssh2"
    records = [{"message": line.format(number)} for number in range(100)]
    request = urllib.request.Request(
        f"http://{ADDRESSES['SERVER']}/v1/classify",
        json.dumps({"logs": records}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:
        return json.load(answer)


def main():
    """The trial."""
    root, layout, target = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    print(f"image: {target}")
    try:
        manifest, config = blobs(layout)
        configured(config)
        held(root, target)
        # An engine of containers makes it where an image has none.
        (root / "proc").mkdir(exist_ok=True)
        for engine in ("native", "onnxruntime")[: 1 + (target == "logtriage")]:
            serve(root, engine)
    except Wrong as error:
        print(f"image: {target}: {error}", file=sys.stderr)
        return 1
    sizes(layout, manifest)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
