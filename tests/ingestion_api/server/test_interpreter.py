"""A full garbage collection of the server process does not stop its requests for long."""

import json
import subprocess
import sys

MEASURE = """
import gc, json, time
from ingestion_api import __main__
from ingestion_api.server.interpreter import tune_interpreter

def seconds():
    began = time.process_time()
    gc.collect()
    return time.process_time() - began

gc.collect()
before = seconds()
tune_interpreter()
print(json.dumps([before, seconds(), gc.get_threshold()]))
"""


def test_a_collection_visits_nothing_that_was_there_at_the_start() -> None:
    """Each module of the service is loaded; a visit to all of it takes more than twenty times as long."""
    told = subprocess.run([sys.executable, "-c", MEASURE], capture_output=True, text=True, check=True)
    before, after, thresholds = json.loads(told.stdout)
    assert after < before / 5
    assert thresholds[0] > 1_000
