"""Makes values.json: what SciPy says of samples that tests/scipy.rs gives to this crate.

    python3 -m venv v && v/bin/pip install scipy==1.17.1 statsmodels==0.15.0
    v/bin/python crates/compatrix-bench/tests/scipy/values.py > crates/compatrix-bench/tests/scipy/values.json

statsmodels is for Holm's correction, which SciPy lacks.
"""

import json
import math

import numpy as np
from scipy import stats
from statsmodels.stats.multitest import multipletests

rng = np.random.default_rng(20261129)


def rounded(values, digits=5):
    return [float(round(v, digits)) for v in values]


def wilcoxon(differences, method, **more):
    # Zeros are dropped by hand: SciPy takes the normal approximation as soon as there is one.
    left = [d for d in differences if d != 0]
    p = {side: stats.wilcoxon(left, alternative=side, method=method, **more).pvalue for side in ("greater", "less")}
    return {"differences": differences, "greater": float(p["greater"]), "less": float(p["less"])}


def signed_rank():
    cases = []
    for n in (1, 4, 8, 12, 16, 25, 32, 50, 64, 128):
        for shift in (0.0, 0.3, -0.8):
            cases.append(wilcoxon(rounded(rng.standard_t(3, n) + shift), "exact"))
    every_sign = stats.PermutationMethod(n_resamples=np.inf)
    for n in (5, 9, 13):
        for _ in range(3):
            # Whole numbers: ties and zeros.
            cases.append(wilcoxon([float(d) for d in rng.integers(-4, 7, n)], every_sign))
    cases.append(wilcoxon(rounded(rng.normal(0.1, 1, 300)), "approx", correction=True))
    return cases


def center():
    cases = []
    for n in (6, 12, 16, 32):
        values = rounded(rng.standard_t(4, n) + 1)
        walsh = sorted((values[i] + values[j]) / 2 for i in range(n) for j in range(i + 1))
        edges = [walsh[0] - 1, *walsh, walsh[-1] + 1]
        kept = []
        for low, high in zip(edges, edges[1:]):
            if high - low > 1e-9:
                moved = np.array(values) - (low + high) / 2
                if stats.wilcoxon(moved, alternative="two-sided", method="exact").pvalue > 0.05:
                    kept += [low, high]
        cases.append({"values": values, "estimate": float(np.median(walsh)), "lower": min(kept), "upper": max(kept)})
    return cases


def two_samples():
    cases = []
    for n, m in ((2, 3), (5, 7), (8, 8), (8, 40), (3, 200), (9, 9), (16, 16), (32, 32), (100, 64)):
        for shift in (0.0, 1.0):
            cases.append((rounded(rng.lognormal(0, 0.5, n)), rounded(rng.lognormal(shift, 0.8, m))))
    cases.append(([1.0, 2.0, 2.0, 3.0, 4.0], [2.0, 3.0, 3.0, 5.0, 6.0, 6.0]))
    cases.append((rounded(rng.integers(0, 5, 20)), rounded(rng.integers(1, 6, 25))))
    result = []
    for x, y in cases:
        u = stats.mannwhitneyu(x, y, alternative="two-sided", method="auto").pvalue
        t = stats.ttest_ind(x, y, equal_var=False).pvalue
        result.append({"x": x, "y": y, "mann_whitney": float(u), "welch": float(t)})
    return result


def quantiles():
    cases = []
    for n, p in ((5, 0.5), (16, 0.5), (59, 0.95), (100, 0.95), (100, 0.5), (299, 0.99), (400, 0.95), (400, 0.99)):
        samples = rounded(rng.lognormal(1, 0.7, n))
        value = float(np.median(samples))
        upper = stats.quantile_test(samples, q=value, p=p, alternative="less").confidence_interval(0.95).high
        lower = stats.quantile_test(samples, q=value, p=p, alternative="greater").confidence_interval(0.95).low
        cases.append({"samples": samples, "p": p, "lower": float(lower), "upper": float(upper)})
    return cases


def holm():
    cases = []
    for n in (1, 2, 5, 15, 40):
        p = rounded(rng.uniform(0, 1, n) ** 4, 8)
        cases.append({"p": p, "adjusted": [float(a) for a in multipletests(p, method="holm")[1]]})
    return cases


def energy():
    cases = []
    for n, m in ((5, 5), (10, 30), (40, 20)):
        x, y = rounded(rng.normal(0, 1, n)), rounded(rng.normal(0.5, 2, m))
        # SciPy's is the square root of 2 E|X − Y| − E|X − X'| − E|Y − Y'|.
        cases.append({"x": x, "y": y, "distance": float(stats.energy_distance(x, y) ** 2)})
    return cases


made = {
    "signed_rank": signed_rank(),
    "center": center(),
    "two_samples": two_samples(),
    "quantiles": quantiles(),
    "holm": holm(),
    "energy": energy(),
}
lines = []
for name, cases in made.items():
    assert all(not isinstance(v, float) or math.isfinite(v) for case in cases for v in case.values()), name
    body = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
    lines.append(f"{json.dumps(name)}: [\n{body}\n]")
print("{\n" + ",\n".join(lines) + "\n}")
