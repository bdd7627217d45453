"""What was promised, and whether it holds."""

UNSEEN_NATIVE = 100_000
REPETITIVE = 400_000
UNSEEN_ONNXRUNTIME = 35_000
IDLE_MS = 1.0
RESIDENT_MIB = {"native": 32, "onnxruntime": 64}
START_MS = 100
GOODPUT = 0.9
FLAT_MIB = 1.0
"""Growth of the usual memory from the second to the last quarter of a long run that is no growth."""

NOT_AVAILABLE = "not available"


def row(what, budget, measured, met):
    """A row of the table; `met` is None where nothing was measured."""
    verdict = {True: "met", False: "**not met**", None: NOT_AVAILABLE}[met]
    return {"what": what, "budget": budget, "measured": measured, "verdict": verdict}


def rate_of(results, **wanted):
    """The lowest rate of the cells with batches of 100 and more, or None where there is no cell."""
    rates = [
        cell["median"]["records_per_cpu_second"]
        for cell in results["cells"]
        if cell["batch"] >= 100 and all(cell[key] == value for key, value in wanted.items())
    ]
    return min(rates, default=None)


def rate_row(results, what, budget, **wanted):
    """Records a CPU second against a budget."""
    rate = rate_of(results, **wanted)
    if rate is None:
        return row(what, f"{budget:,}", NOT_AVAILABLE, None)
    return row(what, f"{budget:,}", f"{rate:,.0f}", rate >= budget)


def default_cache(results):
    """The cache as it is by default: on, or none at all."""
    caches = {cell["cache"] for cell in results["cells"]}
    return "on" if "on" in caches else "none"


def rows(results):
    """The budgets of the design, in its order."""
    unseen = "records a core and second over HTTP, batches of 100 and more, lines never seen before"
    cache = default_cache(results)
    made = [
        rate_row(
            results,
            f"{unseen}, native",
            UNSEEN_NATIVE,
            engine="native",
            workload="unseen",
            cache=cache,
        ),
        rate_row(
            results,
            "the same on repetitive lines, vote cache on, native",
            REPETITIVE,
            engine="native",
            workload="repetitive",
            cache="on",
        ),
        rate_row(
            results,
            "the same on lines never seen before, onnxruntime",
            UNSEEN_ONNXRUNTIME,
            engine="onnxruntime",
            workload="unseen",
            cache=cache,
        ),
    ]
    delay = results["max_delay_ms"]
    for engine in RESIDENT_MIB:
        measured = results["idle"].get(engine)
        p99 = measured and measured["median"]["service_p99"]
        made.append(
            row(
                f"one record a request, idle service, p99, {engine}",
                f"{IDLE_MS:g} ms beyond the batching delay ({delay:g} ms)",
                f"{p99:.2f} ms" if measured else NOT_AVAILABLE,
                p99 < IDLE_MS + delay if measured else None,
            )
        )
    for engine, most in RESIDENT_MIB.items():
        measured = results["footprint"].get(engine)
        mib = measured and measured["resident_mib"]
        made.append(
            row(
                f"resident memory after load, {engine}",
                f"{most} MiB",
                f"{mib:.1f} MiB" if measured else NOT_AVAILABLE,
                mib <= most if measured else None,
            )
        )
    measured = results["footprint"].get("native")
    start = measured and measured["start_ms"]
    made.append(
        row(
            "start to ready, native",
            f"{START_MS} ms",
            f"{start:.0f} ms" if measured else NOT_AVAILABLE,
            start <= START_MS if measured else None,
        )
    )
    measured = results.get("overload")
    goodput = measured and min(load["of_best"] for load in measured["loads"])
    made.append(
        row(
            "goodput at 4 times the capacity, of its best",
            "90%",
            f"{goodput:.0%}" if measured else NOT_AVAILABLE,
            goodput >= GOODPUT if measured else None,
        )
    )
    many = results["many"]
    growth = many["last_quarter_mib"] - many["second_quarter_mib"]
    made.append(
        row(
            f"memory over {many['records']:,} records",
            "no growth from the ten thousandth on",
            f"{growth:+.1f} MiB from the second to the last quarter",
            growth <= FLAT_MIB,
        )
    )
    return made
