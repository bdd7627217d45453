"""The image's files, as far as that takes no build: `make image-test` makes the image itself."""

import json
import re
import shutil
import subprocess
import sys
import tomllib

import pytest
import yaml
from chart import CHART, ROOT
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
CARGO = tomllib.loads((ROOT / "Cargo.toml").read_text("utf-8"))
SBOM = ROOT / "scripts/image/sbom.py"
LOCK = ROOT / "scripts/requirements-train.txt"


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    """What assemble.sh leaves for the SBOM, with the crates that Cargo names here."""
    directory = tmp_path_factory.mktemp("parts")
    command = ["cargo", "metadata", "--locked", "--format-version", "1"]
    command += ["--filter-platform", "x86_64-unknown-linux-gnu"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    (directory / "crates.json").write_text(done.stdout, "utf-8")
    (directory / "debian.txt").write_text("libc6 2.36-9+deb12u14 amd64\n", "utf-8")
    text = "libc6 2.36-9+deb12u14 amd64\nlibstdc++6 12.2.0-14+deb12u1 amd64\n"
    (directory / "debian-onnxruntime.txt").write_text(text, "utf-8")
    return directory


def sbom(parts, *locks):
    command = [sys.executable, SBOM, parts, ROOT / "Cargo.lock", *locks]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert JsonStrictValidator(SchemaVersion.V1_5).validate_str(done.stdout) is None
    return json.loads(done.stdout)


def test_the_sbom_names_what_is_linked_and_nothing_that_only_tests(parts):
    made = sbom(parts)
    assert made["metadata"]["component"]["name"] == "logtriage"
    purls = [component["purl"] for component in made["components"]]
    assert len(set(purls)) == len(purls)
    names = {component["name"] for component in made["components"]}
    assert {"axum", "ort", "kube", "libc6"} <= names
    assert not {"criterion", "proptest", "tempfile", "onnxruntime", "libstdc++6"} & names
    crates = [c for c in made["components"] if c["purl"].startswith("pkg:cargo/")]
    assert all(crate["hashes"] and crate["licenses"] for crate in crates)
    debian = [purl for purl in purls if purl.startswith("pkg:deb/")]
    assert debian == ["pkg:deb/debian/libc6@2.36-9%2Bdeb12u14?arch=amd64&distro=debian-12"]


def test_with_onnxruntime_its_version_is_that_of_the_lock(parts):
    made = {component["name"]: component for component in sbom(parts, LOCK)["components"]}
    assert f"onnxruntime=={made['onnxruntime']['version']} " in LOCK.read_text("utf-8")
    assert "libstdc++6" in made


def test_a_wrong_sbom_does_not_pass(parts):
    made = sbom(parts)
    made["components"][0]["type"] = "crate"
    assert JsonStrictValidator(SchemaVersion.V1_5).validate_str(json.dumps(made)) is not None


def copied():
    """What the Dockerfile takes from the context."""
    for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE):
        yield from line.split()[:-1]


def test_what_is_copied_exists_and_reaches_the_builder():
    allowed = re.findall(r"^!(\S+)", (ROOT / ".dockerignore").read_text("utf-8"), re.MULTILINE)
    for source in copied():
        assert (ROOT / source).exists(), source
        assert [a for a in allowed if source == a or source.startswith(f"{a}/")], source
    for name in allowed:
        assert (ROOT / name).exists(), f".dockerignore lets through {name}, which is not there"


def test_what_the_program_holds_is_copied():
    for path in (ROOT / "src").rglob("*.rs"):
        text = path.read_text("utf-8").partition("#[cfg(test)]")[0]
        if path.stem.endswith("tests"):
            continue
        for included in re.findall(r'include_(?:str|bytes)!\(\s*"((?:\.\./)+[^"]+)"', text):
            source = (path.parent / included).resolve().relative_to(ROOT).as_posix()
            assert [c for c in copied() if source == c or source.startswith(f"{c}/")], source


def test_versions_agree():
    version = CARGO["package"]["version"]
    assert f"\nARG VERSION={version}\n" in DOCKERFILE
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text("utf-8"))
    assert (chart["version"], chart["appVersion"]) == (version, version)
    (rust,) = re.findall(r"^ARG RUST_IMAGE=rust:([0-9.]+)-bookworm$", DOCKERFILE, re.MULTILINE)
    wanted = [int(part) for part in CARGO["package"]["rust-version"].split(".")]
    assert [int(part) for part in rust.split(".")] >= wanted


def test_no_stage_but_the_first_of_each_kind_names_an_image():
    bases = re.findall(r"^FROM (\S+) AS (\S+)$", DOCKERFILE, re.MULTILINE)
    outside = {base for base, _ in bases} - {name for _, name in bases}
    assert outside == {"${RUST_IMAGE}", "${PYTHON_IMAGE}", "scratch"}
    assert len(bases) == len(re.findall(r"^FROM ", DOCKERFILE, re.MULTILINE))


def test_the_image_runs_as_the_chart_says():
    values = yaml.safe_load((CHART / "values.yaml").read_text("utf-8"))["securityContext"]
    assert f"\nUSER {values['runAsUser']}:{values['runAsGroup']}\n" in DOCKERFILE
    assert "\nHEALTHCHECK NONE\n" in DOCKERFILE


def test_hollow_sources_are_a_package_that_cargo_reads(tmp_path):
    for name in ("Cargo.toml", "Cargo.lock"):
        shutil.copy(ROOT / name, tmp_path)
    subprocess.run([ROOT / "scripts/image/hollow.sh"], cwd=tmp_path, check=True)
    command = ["cargo", "metadata", "--no-deps", "--offline", "--format-version", "1"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    targets = {target["name"] for target in json.loads(done.stdout)["packages"][0]["targets"]}
    assert targets == {"logtriage"} | {bench["name"] for bench in CARGO["bench"]}
