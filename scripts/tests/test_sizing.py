"""The sizing page: pods and cost follow from what was measured."""

import pytest
from benchmark import sizing_page

SIZES = [
    {
        "cores": cores,
        "records_per_second": cores * 40_000.0,
        "p50": 2.0,
        "p99": 5.0,
        "how": "a group",
    }
    for cores in (0.1, 0.25, 0.5, 1.0, 2.0)
]
FOUND = {
    "machine": {"processor": "a processor", "cores": 2, "kernel": "k", "commit": "c", "date": "d"},
    "sizes": SIZES,
    "bundles": [{"engine": "native", "copies": 2, "bytes": 3 << 20, "idle": 25.0, "loaded": 28.4}],
    "peak": {
        "minutes": 10,
        "how": "a group",
        "cores": 0.5,
        "memory_mib": 128,
        "records": 6_000_000,
        "records_per_second": 10_000.0,
        "p99": 900.0,
        "errors": {"429": 3},
        "peak_mib": 70.0,
    },
    "steady": 0.5,
}


@pytest.mark.parametrize(
    "row",
    [
        # 20,000 a second and pod, half of it used: 10,000.
        "| 10,000 | 2 | 1 | 0.00111 |",
        "| 100,000 | 10 | 5 | 0.00056 |",
        "| 1,000,000 | 100 | 50 | 0.00056 |",
        "| 0.25 | 10,000 | 40,000 | 2.0 | 5.0 |",
        "| native, trees 2x | 3.0 | 25 | 28 |",
    ],
)
def test_rows(row):
    assert row in sizing_page.page(FOUND)


def test_refusals_and_memory_of_the_peak_are_told():
    page = sizing_page.page(FOUND)
    assert "refused or failed: 3 x 429" in page
    assert "Memory was 70 MiB at most, of 128" in page
