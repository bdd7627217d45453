"""The installers of the test cluster's parts: what a person names replaces what they would build."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PARTS = [("etcd.sh", "ETCD"), ("kube-apiserver.sh", "KUBE_APISERVER")]


def install(script, cache, **variables):
    """Run an installer with a cache of its own, where a build would leave something at once."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in ("KUBECONFIG", "ETCD", "KUBE_APISERVER")
    }
    return subprocess.run(
        [ROOT / "scripts/tools" / script],
        env=kept | {"XDG_CACHE_HOME": str(cache)} | variables,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(("script", "variable"), PARTS)
def test_what_is_named_is_taken_and_nothing_is_built(script, variable, tmp_path):
    for named in ({variable: "/bin/true"}, {"KUBECONFIG": "a cluster"}):
        done = install(script, tmp_path, **named)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("script", "variable"), PARTS)
def test_a_program_that_is_not_there_is_named(script, variable, tmp_path):
    done = install(script, tmp_path, **{variable: "/nowhere/program"})
    assert done.returncode == 1
    assert f"{variable}: expected a program, found no /nowhere/program" in done.stderr
