"""NumPy's matrix product of queries and a memory, alone: milliseconds of each repetition.

Called by benchmarks/src/kernels.ts with {"queries", "rows", "width", "repetitions"}; prints JSON.
"""

import json
import sys
import time

import numpy as np

request = json.loads(sys.argv[1])
rng = np.random.default_rng(0)
queries = rng.standard_normal((request["queries"], request["width"]), dtype=np.float32)
memory = rng.standard_normal((request["rows"], request["width"]), dtype=np.float32)
times = []
for _ in range(request["repetitions"]):
    start = time.perf_counter()
    scores = queries @ memory.T
    times.append((time.perf_counter() - start) * 1e3)
print(json.dumps({"milliseconds": times, "numpy": np.__version__}))
