"""A hundred consumers pull the champion while it is promoted and rolled back: none fails, none gets a mixture."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.registry.promote import promote
from pipeline.registry.rollback import rollback
from tests.worlds import World

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

PROCESSES, THREADS, ROUNDS = 4, 25, 3

CONSUMERS = """
import json, os, sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from heelstrike.package.manifest import read_manifest, verify
from heelstrike.registry.pull import resolve

threads, caches = int(sys.argv[1]), sys.argv[2:]
together = Barrier(threads)

def pull(number):
    together.wait()
    def fail(line):
        raise RuntimeError(line)  # a champion of the cache, since the registry did not answer
    pulled = resolve("rearfoot@champion", warn=fail)
    manifest = read_manifest(pulled.folder)
    verify(pulled.folder, manifest)
    assert manifest.digest == pulled.package, "another package than the version's"
    return pulled.version, manifest.metrics["seed"]

seen = []
with ThreadPoolExecutor(threads) as pool:
    for cache in caches:
        os.environ["HEELSTRIKE_CACHE"] = cache
        seen += list(pool.map(pull, range(threads)))
print(json.dumps(seen))
"""


def test_a_crowd(world: World, mlflow_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", mlflow_server)
    candidates = [world.candidate(seed) for seed in range(1, 13)]
    promote(world.root, world.decision(candidates[0], None))
    # two processes share a cache, as jobs of one machine do, and each of the others has its own
    shares = ["shared", "shared", "third", "fourth"]
    crowd = [
        subprocess.Popen(
            [sys.executable, "-c", CONSUMERS, str(THREADS), *(str(tmp_path / f"{n}-{share}") for n in range(ROUNDS))],
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for share in shares
    ]
    moves = _promote_and_roll_back(world, candidates, crowd)
    seen = []
    for process in crowd:
        output, errors = process.communicate()
        assert process.returncode == 0, errors
        assert errors == ""
        seen += json.loads(output)
    assert len(seen) == PROCESSES * THREADS * ROUNDS
    assert all(version == seed for version, seed in seen)  # the version's own package, whole
    assert moves >= 5
    assert len({version for version, _ in seen}) > 1, "the champion was not moved while they pulled"


def _promote_and_roll_back(world: World, candidates: list, crowd: list) -> int:
    """Move the champion as long as anybody pulls and there are candidates; return the number of moves."""
    moves = 0
    for candidate in candidates[1:]:
        if all(process.poll() is not None for process in crowd):
            break
        assert promote(world.root, world.decision(candidate, 1)).kind == "promoted"
        time.sleep(0.3)
        rollback(world.problem, world.root)  # such a candidate is never promoted again
        time.sleep(0.3)
        moves += 2
    return moves
