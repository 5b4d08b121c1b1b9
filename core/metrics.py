"""What operators watch: Prometheus counters and gauges of this process, served at /metrics."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

REQUESTS = Counter("yima_requests_total", "HTTP answers by endpoint and status", ["endpoint", "status"])
REQUEST_SECONDS = Histogram(
    "yima_request_seconds",
    "Time to answer",
    ["endpoint"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
RETRIED_TRANSACTIONS = Counter(
    "yima_retried_transactions_total", "Whole transactions run again after a lost race"
)
TASKS = Counter("yima_tasks_total", "Worked tasks by name and outcome", ["name", "outcome"])
LOST_RINGS = Counter("yima_lost_rings_total", "Doorbells that Redis did not take")
TASKS_DUE = Gauge("yima_tasks_due", "Tasks that wait to be worked")
TASKS_DEAD = Gauge("yima_tasks_dead", "Tasks given up, waiting for somebody to replay them")
GROUP_SIZE = Histogram(
    "yima_group_size", "Inserts that shared one commit", buckets=(1, 2, 4, 8, 16, 32, 64, 128)
)
WECHAT_CALLS = Counter("yima_wechat_calls_total", "Calls to WeChat by path and outcome", ["path", "outcome"])
