"""The statistics of studies: intervals, tests and curves for paired runs of strategies; pure functions of arrays.

Shapes: S seeds, N test utterances, R rounds. A study gives, for each strategy and round, the errors of each test
utterance under each seed, int (S, N), and the slots of the reference, int (N,), which are the same for all. Two
strategies are paired in both: equal rows are runs from the same start, equal columns the same test utterance.
"""

from __future__ import annotations

from canvass.statistics.comparison import bootstrap_interval, relative
from canvass.statistics.curves import Band, Saving, annotations_saved, area_under_curve, mean_and_band
from canvass.statistics.intervals import Interval, wilson_interval
from canvass.statistics.kappa import cohens_kappa
from canvass.statistics.significance import holm, seed_randomisation, utterance_randomisation

__all__ = [
    "Band",
    "Interval",
    "Saving",
    "annotations_saved",
    "area_under_curve",
    "bootstrap_interval",
    "cohens_kappa",
    "holm",
    "mean_and_band",
    "relative",
    "seed_randomisation",
    "utterance_randomisation",
    "wilson_interval",
]
