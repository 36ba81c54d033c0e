"""Records golden values of rliable, SciPy and NumPy for the tests of this package.

pip install rliable==1.2.0 scipy==1.17.1 numpy==2.4.6 'pandas<3' && python record.py > rliable.json

"drawn" intervals resample with NumPy's Generator(PCG64(seed)), which Pcg64 equals bit for bit, so they must be equal;
"rliable" intervals use rliable's own draws, so they must be near.
"""

import json

import numpy as np
import scipy
from rliable import library, metrics


def aggregates(scores):
    return {
        "iqm": metrics.aggregate_iqm(scores),
        "mean": metrics.aggregate_mean(scores),
        "median": metrics.aggregate_median(scores),
        "gap": metrics.aggregate_optimality_gap(scores),
        "gapHalf": metrics.aggregate_optimality_gap(scores, 0.5),
    }


def drawn(groups, statistic, reps, seed, confidence=0.95):
    rng = np.random.Generator(np.random.PCG64(seed))
    values = []
    for _ in range(reps):
        resampled = []
        for scores in groups:
            runs, tasks = scores.shape[:2]
            rows = rng.integers(0, runs, size=(runs, tasks))
            resampled.append(scores[rows, np.arange(tasks)])
        values.append(statistic(*resampled))
    tail = 100 * (1 - confidence) / 2
    return np.percentile(values, [tail, 100 - tail], axis=0).tolist()


def theirs(groups, statistic, reps):
    data = groups[0] if len(groups) == 1 else groups
    _, intervals = library.get_interval_estimates({"x": data}, lambda *a: np.atleast_1d(statistic(*a)), reps=reps)
    return intervals["x"].tolist()


def curve_iqm(values):
    return np.array([metrics.aggregate_iqm(values[..., point]) for point in range(values.shape[-1])])


rng = np.random.default_rng(7)
a = np.round(rng.normal(0.8, 0.4, size=(5, 3)), 3)
b = np.round(rng.normal(0.6, 0.5, size=(4, 3)), 3)
b[0, 0], b[2, 1] = a[1, 0], a[0, 1]  # ties
c = np.array([[500.0], [500.0], [191.5], [500.0], [500.0]])
curves = np.round(np.cumsum(rng.normal(0.2, 0.3, size=(5, 2, 4)), axis=2), 3)
thresholds = [0, 0.25, 0.5, 0.75, 1, 1.25]
above = lambda scores: np.array([np.mean(scores > t) for t in thresholds])
better = metrics.probability_of_improvement

print(
    json.dumps(
        {
            "versions": {"rliable": "1.2.0", "scipy": scipy.__version__, "numpy": np.__version__},
            "a": a.tolist(),
            "b": b.tolist(),
            "c": c.tolist(),
            "curves": curves.tolist(),
            "thresholds": thresholds,
            "aggregates": {"a": aggregates(a), "b": aggregates(b), "c": aggregates(c)},
            "quantiles": [float(np.quantile([3, 1, 4, 1, 5, 9, 2, 6], q)) for q in (0, 0.1, 0.25, 0.5, 0.9, 1)],
            "improvement": better(a, b),
            "profile": above(a).tolist(),
            "curve": curve_iqm(curves).tolist(),
            "drawn": {
                "iqmA": drawn([a], metrics.aggregate_iqm, 2000, 3),
                "meanA90": drawn([a], metrics.aggregate_mean, 2000, 3, 0.9),
                "iqmC": drawn([c], metrics.aggregate_iqm, 500, 0),
                "improvement": drawn([a, b], better, 300, 5),
                "profile": drawn([a], above, 300, 2),
                "curve": drawn([curves], curve_iqm, 400, 11),
            },
            "rliable": {
                "iqmA": theirs([a], metrics.aggregate_iqm, 50000),
                "improvement": theirs([a, b], better, 10000),
                "profile": theirs([a], above, 10000),
                "curve": theirs([curves], curve_iqm, 10000),
            },
        },
        indent=1,
    )
)
