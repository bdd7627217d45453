"""What the bundle's manifest is told beside the models: weights, thresholds, and where files lie.

`python scripts/train.py search` prints what product-wise validation says about the first three.
"""

from trainer.common import ROOT

BUNDLE_NAME = "default"
WEIGHTS = {"rules": 0.30, "classifier": 0.45, "anomaly": 0.25}
ANOMALY_THRESHOLD = 0.995
"""The share of training lines that stays below it; the anomaly member abstains there. On held-out
products each step up from 0.90 bettered the ensemble's figures."""
MAX_UNKNOWN = 1.0
"""The share of unknown words above which the classifier abstains."""
NOISE_THRESHOLD = 0.5
MIN_CONFIDENCE = 0.4
GOLDEN_TOLERANCE = 1e-5
CONFIGMAP_LIMIT = 1024 * 1024

CORPUS = ROOT / "corpus"
RULES = ROOT / "configs/rules"
BUNDLE = ROOT / "bundles/default"
VALIDATION = ROOT / "bundles/validation.json"
TRAFFIC = ROOT / "docs/traffic.md"
OPINIONS = ROOT / "docs/traffic-opinions.yaml"
PARITY = ROOT / "tests/data/parity.jsonl.zst"
