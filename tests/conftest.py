"""What every test may ask for."""

import os
import sys

from hypothesis import settings
from hypothesis.internal.conjecture import providers

# everything that is asked here is on this machine, which no proxy leads to
for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
    os.environ.pop(name, None)
    os.environ.pop(name.lower(), None)

# without compiled files each of some hundred processes compiles what it imports: a fifth of its start, and
# a third of a pytest's own
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# promtool takes a third less time when Go collects its garbage more seldom
os.environ.setdefault("GOGC", "400")

pytest_plugins = ("tests.servers.fixtures", "tests.quick", "tests.fuzz")

# the same inputs on each machine and day; `make fuzz` draws others, and more of them
settings.register_profile("same", derandomize=True, database=None, deadline=None)
settings.register_profile("wide", database=None, deadline=None, max_examples=2_000)
settings.load_profile("same")
# hypothesis also draws constants of the modules that are loaded, which depend on the tests that ran before
providers._get_local_constants = lambda: providers._local_constants
