"""What every test may ask for."""

from hypothesis import settings
from hypothesis.internal.conjecture import providers

pytest_plugins = ("tests.servers.fixtures",)

# the same inputs on each machine and day; `make fuzz` draws others, and more of them
settings.register_profile("same", derandomize=True, database=None, deadline=None)
settings.register_profile("wide", database=None, deadline=None, max_examples=2_000)
settings.load_profile("same")
# hypothesis also draws constants of the modules that are loaded, which depend on the tests that ran before
providers._get_local_constants = lambda: providers._local_constants
