"""Counters of the service in Prometheus' text format."""

import time
from collections import Counter as Counts
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from heelstrike.serve.jobs import JobQueue
from heelstrike.serve.models import ModelStore


class Metrics:
    """Counters of requests, and the state of jobs and models when they are asked for.

    Args:
        jobs: The queue of jobs.
        models: The models that are served.
    """

    def __init__(self, jobs: JobQueue, models: ModelStore) -> None:
        self._jobs, self._models = jobs, models
        self._registry = CollectorRegistry()
        labels = ("method", "route", "status")
        self._requests = Counter("heelstrike_requests", "Requests.", labels, registry=self._registry)
        self._seconds = Histogram(
            "heelstrike_request_seconds", "Time to the end of the answer.", ("route",), registry=self._registry
        )
        self._registry.register(self)

    def collect(self) -> Iterator[Metric]:
        """Yield what is read when it is asked for, as a collector of prometheus_client does."""
        jobs = GaugeMetricFamily("heelstrike_jobs", "Jobs by state.", labels=["state"])
        for state, count in Counts(job.state for job in self._jobs.all()).items():
            jobs.add_metric([state], count)
        yield jobs
        yield CounterMetricFamily("heelstrike_frames", "Frames measured by jobs.", value=self._jobs.frames)
        yield GaugeMetricFamily(
            "heelstrike_registry_up", "1 if the registry answered last time.", value=self._models.state.reachable
        )
        models = GaugeMetricFamily("heelstrike_model", "Versions that aliases point to.", labels=["model", "alias"])
        for version in self._models.versions:
            for alias in version.aliases:
                models.add_metric([version.problem, alias], version.number or 0)
        yield models

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def text(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self._registry)


class Counting:
    """Counts every request by the path of its route, which holds no names or numbers of evaluations.

    Args:
        app: The application behind.
        metrics: The counters.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start, status = time.perf_counter(), 500

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watch)
        finally:
            route = getattr(scope.get("route"), "path", "other")
            self._metrics.count(_method(scope["method"]), route, status, time.perf_counter() - start)


def _method(name: str) -> str:
    """Return the method, or `other` for one that clients made up."""
    return name if name in ("GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS") else "other"
