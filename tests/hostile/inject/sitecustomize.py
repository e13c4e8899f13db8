"""Breaks a named point of a command, once. Python imports this file at its start if its folder is on PYTHONPATH.

FAULT is `module|function|before or after|n-th call|action`, for instance `flows.ingest|dvc|before|1|kill`. The function
is looked up in the module, so a name that the module has imported is broken for that module only. FAULT_MARK is a file
that is made when the point is reached; while it exists, nothing is broken. Both hold for all child processes as well.

Actions: `kill`, `term`, `int` (signals to this process), `pause` (it is stopped for a second), `sleep SECONDS`,
`ENOSPC`, `EIO`, `EACCES` (the call raises this error), `sh COMMAND` (a shell command that is waited for).
"""

import errno
import functools
import importlib.util
import os
import signal
import subprocess
import sys
import time
from importlib.abc import Loader, MetaPathFinder

_SIGNALS = {"kill": signal.SIGKILL, "term": signal.SIGTERM, "int": signal.SIGINT, "pause": signal.SIGSTOP}


def _act(action, mark):
    try:
        os.close(os.open(mark, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
    except FileExistsError:
        return
    kind, _, rest = action.partition(" ")
    if kind == "pause":
        subprocess.Popen(["sh", "-c", f"sleep 1; kill -CONT {os.getpid()}"], start_new_session=True)
    if kind in _SIGNALS:
        os.kill(os.getpid(), _SIGNALS[kind])
        if kind in ("term", "int"):
            time.sleep(1)  # a handler of Python's runs between two instructions
    elif kind == "sleep":
        time.sleep(float(rest))
    elif kind == "sh":
        subprocess.run(rest, shell=True, check=True)
    else:
        number = getattr(errno, kind)
        raise OSError(number, os.strerror(number), "the disk of this test")


def _break(module, function, when, number, action, mark):
    *holders, name = function.split(".")
    holder = functools.reduce(getattr, holders, module)
    original = getattr(holder, name)
    calls = 0

    def broken(call, *arguments, **named):
        nonlocal calls
        calls += 1
        mine = calls == number
        if mine and when == "before":
            _act(action, mark)
        result = call(*arguments, **named)
        if mine and when == "after":
            _act(action, mark)
        return result

    if callable(getattr(original, "fn", None)):  # a task of Prefect's
        original.fn = functools.wraps(original.fn)(functools.partial(broken, original.fn))
    else:

        @functools.wraps(original)
        def wrapper(*arguments, **named):
            return broken(original, *arguments, **named)

        setattr(holder, name, wrapper)


class _Breaker(Loader):
    def __init__(self, loader, rule):
        self._loader, self._rule = loader, rule

    def create_module(self, spec):
        return self._loader.create_module(spec)

    def exec_module(self, module):
        self._loader.exec_module(module)
        _break(module, *self._rule)


class _Finder(MetaPathFinder):
    def __init__(self, module, rule):
        self._module, self._rule = module, rule

    def find_spec(self, name, path, target=None):
        if name != self._module:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        spec.loader = _Breaker(spec.loader, self._rule)
        return spec


if "FAULT" in os.environ:
    _module, _function, _when, _number, _action = os.environ["FAULT"].split("|", 4)
    sys.meta_path.insert(0, _Finder(_module, (_function, _when, int(_number), _action, os.environ["FAULT_MARK"])))
