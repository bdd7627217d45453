"""What the tests of the chart share: Helm in both versions, sets of values, the program."""

import os
from pathlib import Path

import pytest
import yaml
from chart import ROOT, helm

HERE = Path(__file__).parent
VALUES = HERE / "values"
CASES = yaml.safe_load((VALUES / "cases.yaml").read_text("utf-8"))
CASES["production"] = yaml.safe_load((VALUES / "production.yaml").read_text("utf-8"))
SINCE = {name: values.pop("since", "1.27") for name, values in CASES.items()}
REFUSED = yaml.safe_load((VALUES / "refused.yaml").read_text("utf-8"))


def pytest_configure(config):
    config.rendered = {}


@pytest.fixture(scope="session", params=list(helm.PROGRAMS))
def program(request):
    """Helm, 3 and 4."""
    return installed(request.param)


@pytest.fixture(scope="session")
def helm4():
    """The Helm that renders what is committed."""
    return installed("helm4")


def installed(name):
    """A Helm; machines that its package is not built for skip what needs it."""
    path = helm.PROGRAMS[name]
    if not os.access(path, os.X_OK):
        pytest.skip(f"there is no {path.relative_to(ROOT)} for this machine")
    return path


@pytest.fixture(scope="session")
def rendered(pytestconfig, tmp_path_factory):
    """Renders a case, each once: its text."""
    directory = tmp_path_factory.mktemp("values")

    def render(path, name):
        if (path, name) not in pytestconfig.rendered:
            values = directory / "values.yaml"
            values.write_text(yaml.safe_dump(CASES[name]), "utf-8")
            pytestconfig.rendered[path, name] = helm.render(path, "--values", values)
        return pytestconfig.rendered[path, name]

    return render


@pytest.fixture(scope="session")
def logtriage():
    """The program whose configuration the chart writes."""
    built = Path(os.environ.get("CARGO_TARGET_DIR") or "target") / "debug/logtriage"
    path = ROOT / (os.environ.get("LOGTRIAGE_TEST_BINARY") or built)
    if not os.access(path, os.X_OK):
        pytest.skip(f"there is no logtriage at {path}: build it, or set LOGTRIAGE_TEST_BINARY")
    return path


def pytest_addoption(parser):
    parser.addoption("--golden", action="store_true", help="write the golden forms anew")
