"""The rows of the billing benchmark."""

from benchmarks.billing_run import WORKERS, Measured, growth, row

RUNS = [
    Measured(size, workers, (rate, 2 * rate, rate), (4000.0, 5000.0, 4500.0), 77.4)
    for size, rate in ((10_000, 2500.0), (1_000_000, 2250.0))
    for workers in WORKERS
]


def test_every_size_and_number_of_workers_has_a_row_of_its_own() -> None:
    names = [row(one)["name"] for one in RUNS]

    assert names == ["billing_run_10k", "billing_run_10k_2_workers", "billing_run_1m", "billing_run_1m_2_workers"]


def test_a_row_says_the_median_beside_the_median_of_its_floor() -> None:
    found = row(RUNS[0])

    assert (found["value"], found["floor"], found["ratio"]) == (2500, 4500, 0.556)
    assert "77 MB" in str(found["note"])


def test_growth_is_what_an_invoice_costs_more_in_a_large_run_by_one_worker() -> None:
    assert growth(10_000, 1_000_000, RUNS)["value"] == 1.111
